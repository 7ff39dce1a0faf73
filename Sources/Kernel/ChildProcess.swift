import CLinux
import Glibc

/// A process that we started and wait for.
package struct ChildProcess: Sendable {
  package let id: Int32

  /// How a process ended.
  package enum Ending: Hashable, Sendable {
    case exited(code: Int32)
    case killed(by: Signal)
  }

  /// Starts a program with our standard streams, in our process group.
  ///
  /// - Parameters:
  ///   - path: the program's file.
  ///   - arguments: after the first, which is `kvmtune`.
  ///   - environment: all of it.
  ///   - blocked: signals that wait until the program asks for them; all others get through.
  /// - Throws: `SystemCallError`, as posix_spawn(3).
  package init(
    running path: String, _ arguments: [String], environment: [String: String],
    blocking blocked: [Signal] = []
  ) throws(SystemCallError) {
    var attributes = posix_spawnattr_t()
    try threadCall("posix_spawnattr_init") { unsafe posix_spawnattr_init(&attributes) }
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    var mask = SignalQueue.makeSet(blocked)
    unsafe posix_spawnattr_setsigmask(&attributes, &mask)
    unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))

    var texts = unsafe (["kvmtune"] + arguments).map { unsafe strdup($0) }
    var variables = unsafe environment.map { unsafe strdup("\($0.key)=\($0.value)") }
    defer {
      unsafe (texts + variables).forEach { unsafe free($0) }
    }
    unsafe texts.append(nil)
    unsafe variables.append(nil)
    var id = pid_t()
    try threadCall("posix_spawn(\(path))") {
      unsafe posix_spawn(&id, path, nil, &attributes, texts, variables)
    }
    self.id = id
  }

  /// How it ended, or nil while it runs; asked once after the end.
  package func poll() throws(SystemCallError) -> Ending? {
    var status: CInt = 0
    let ended = try syscall("waitpid") { unsafe waitpid(id, &status, WNOHANG) }
    guard ended == id else { return nil }
    let signal = status & 0x7f
    return signal == 0 ? .exited(code: (status >> 8) & 0xff) : .killed(by: Signal(number: signal))
  }

  /// Passes a signal on; nothing happens if it has ended.
  package func send(_ signal: Signal) { _ = kill(id, signal.number) }
}

/// This process.
package enum CurrentProcess {
  package static var id: Int32 { getpid() }
  package static var parent: Int32 { getppid() }
  package static var isRoot: Bool { geteuid() == 0 }
  package static let executable = "/proc/self/exe"
}
