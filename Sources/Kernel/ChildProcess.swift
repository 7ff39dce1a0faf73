import CLinux
import Glibc

/// A process that we started and wait for.
package struct ChildProcess: Sendable {
  package let id: Int32

  /// How a process ended.
  package enum Ending: Hashable, Sendable, CustomStringConvertible {
    case exited(code: Int32)
    case killed(by: Signal)

    package var description: String {
      switch self {
      case .exited(let code): "exit code \(code)"
      case .killed(let signal): "killed by \(signal)"
      }
    }
  }

  /// Descriptors that stand for a program's standard streams; nil for ours.
  package struct Streams: Sendable {
    package var input: CInt?
    package var output: CInt?
    package var errors: CInt?

    package init(input: CInt? = nil, output: CInt? = nil, errors: CInt? = nil) {
      self.input = input
      self.output = output
      self.errors = errors
    }
  }

  /// Starts a program in our process group, in the namespaces of the calling thread.
  ///
  /// - Parameters:
  ///   - path: the program's file.
  ///   - arguments: after the first, which is `name`.
  ///   - environment: all of it.
  ///   - inherited: descriptors that it gets under the numbers that they have here.
  ///   - blocked: signals that wait until the program asks for them; all others get through.
  /// - Throws: `SystemCallError`, as posix_spawn(3).
  package init(
    running path: String, named name: String = "kvmtune", _ arguments: [String],
    environment: [String: String], streams: Streams = Streams(), inheriting inherited: [CInt] = [],
    blocking blocked: [Signal] = []
  ) throws(SystemCallError) {
    var attributes = posix_spawnattr_t()
    try threadCall("posix_spawnattr_init") { unsafe posix_spawnattr_init(&attributes) }
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    var mask = SignalQueue.makeSet(blocked)
    unsafe posix_spawnattr_setsigmask(&attributes, &mask)
    unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    var actions = unsafe posix_spawn_file_actions_t()
    try threadCall("posix_spawn_file_actions_init") {
      unsafe posix_spawn_file_actions_init(&actions)
    }
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    // A descriptor that is copied onto itself loses its close-on-exec flag.
    let standard: [(from: CInt?, to: CInt)] = [
      (streams.input, 0), (streams.output, 1), (streams.errors, 2),
    ]
    for (from, to) in standard + inherited.map({ (from: $0, to: $0) }) {
      guard let from else { continue }
      try threadCall("posix_spawn_file_actions_adddup2") {
        unsafe posix_spawn_file_actions_adddup2(&actions, from, to)
      }
    }

    var texts = unsafe ([name] + arguments).map { unsafe strdup($0) }
    var variables = unsafe environment.map { unsafe strdup("\($0.key)=\($0.value)") }
    defer {
      unsafe (texts + variables).forEach { unsafe free($0) }
    }
    unsafe texts.append(nil)
    unsafe variables.append(nil)
    var id = pid_t()
    try threadCall("posix_spawn(\(path))") {
      unsafe posix_spawn(&id, path, &actions, &attributes, texts, variables)
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
