import CLinux
import Foundation
import Glibc
import Synchronization
import SystemPackage

/// A network namespace, and a thread of ours that lives in it.
///
/// `setns` is per thread, and `/sys/class/net` and `/proc/sys/net` show the namespace of the
/// thread that asks. So whatever touches a device runs through ``run(_:)``: in a namespace that
/// we made, on its own thread, with its own `/sys`; in ``current``, simply where it is called.
/// Descriptors opened there (sockets, TAP queues) belong to the namespace for good and can be
/// used from any thread.
///
/// A namespace that we made has a name below `/run/netns`, so `ip netns exec` can enter it while
/// it lives. See network_namespaces(7), ip-netns(8). Making one needs `CAP_SYS_ADMIN`.
package final class NetworkNamespace: Sendable {
  /// The name below ``folder``; nil for one without, such as the one the process was started in.
  package let name: String?
  private let worker: NamespaceThread?

  /// Whether it has a thread of its own, with mounts that nobody else sees.
  var hasThread: Bool { worker != nil }

  /// Where iproute2 keeps names of namespaces.
  package static let folder = "/run/netns"

  /// The namespace that this process was started in.
  package static let current = NetworkNamespace(name: nil, worker: nil)

  private init(name: String?, worker: NamespaceThread?) {
    self.name = name
    self.worker = worker
  }

  /// Makes a new namespace with `lo` down and nothing else in it.
  ///
  /// - Parameter name: free below ``folder``.
  /// - Throws: `SystemCallError`, `EPERM` without `CAP_SYS_ADMIN`, `EEXIST` for a name in use;
  ///   nothing is left behind then.
  package static func create(named name: String) throws -> NetworkNamespace {
    try prepareFolder()
    let path = "\(folder)/\(name)"
    _ = try OwnedDescriptor(opening: path, O_RDONLY | O_CREAT | O_EXCL, mode: 0o444)
    do {
      let namespace = try createUnnamed()
      let source = "/proc/self/task/\(namespace.worker?.thread ?? 0)/ns/net"
      do {
        try syscall("mount", on: path) {
          unsafe mount(source, path, "none", UInt(MS_BIND), nil)
        }
      } catch {
        namespace.delete()
        throw error
      }
      return NetworkNamespace(name: name, worker: namespace.worker)
    } catch {
      _ = unsafe unlink(path)
      throw error
    }
  }

  /// Makes a namespace that has no name: it is gone with the process, however that ends.
  package static func createUnnamed() throws -> NetworkNamespace {
    NetworkNamespace(name: nil, worker: try NamespaceThread())
  }

  /// Runs `body` in the namespace and waits for it. Calls from several threads take turns.
  package func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) throws
    -> Result
  {
    guard let worker else { return try body() }
    return try worker.run(body)
  }

  /// A descriptor of the namespace, for requests that name another one.
  package func descriptor() throws -> OwnedDescriptor {
    // Asked for by a thread inside: a namespace need not have a name.
    let path = "/proc/thread-self/ns/net"
    return OwnedDescriptor(
      adopting: try run {
        try syscall("open", on: path) { unsafe kvmtune_open(path, O_RDONLY | O_CLOEXEC, 0) }
      })
  }

  /// Ends the thread and takes the name away: with the last descriptor inside, the kernel removes
  /// the namespace and every virtual device in it. Calling it again does nothing.
  package func delete() {
    worker?.stop()
    if let name { Self.unname(name) }
  }

  /// The names below ``folder`` that begin with `prefix`, whoever made them.
  package static func names(withPrefix prefix: String) -> [String] {
    HostFiles.live.list(folder).filter { $0.hasPrefix(prefix) }
  }

  /// Takes away a name, of a dead process for instance; true if there was one.
  @discardableResult
  package static func unname(_ name: String) -> Bool {
    let path = "\(folder)/\(name)"
    _ = unsafe umount2(path, CInt(MNT_DETACH))
    return unsafe unlink(path) == 0
  }

  /// The inode of the caller's namespace: two equal ones are the same namespace.
  package static func inode() throws -> UInt64 {
    var status = stat()
    try syscall("stat", on: "/proc/thread-self/ns/net") {
      unsafe stat("/proc/thread-self/ns/net", &status)
    }
    return UInt64(status.st_ino)
  }

  /// As ip-netns(8) does it: the folder is a shared mount, so that names reach every mount
  /// namespace.
  private static func prepareFolder() throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let shared = UInt(MS_SHARED | MS_REC)
    if unsafe mount("", folder, "none", shared, nil) == 0 { return }
    try syscall("mount", on: folder) {
      unsafe mount(folder, folder, "none", UInt(MS_BIND | MS_REC), nil)
    }
    try syscall("mount", on: folder) { unsafe mount("", folder, "none", shared, nil) }
  }
}

/// The thread that made a namespace and works in it, one piece of work at a time.
///
/// Safe: every stored property is touched only under the lock, or before the thread starts.
private final class NamespaceThread: @unchecked Sendable {
  private let condition = NSCondition()
  private var pending: [@Sendable () -> Void] = []
  private var stopping = false
  private var os: OSThread?
  /// The thread's number, as in `/proc/self/task`.
  private(set) var thread: pid_t = 0

  /// Starts the thread and waits until it is in a namespace of its own.
  init() throws {
    os = try OSThread(name: "kvmtune-netns") { [self] in serve() }
    do {
      thread = try run {
        try Self.enterNewNamespace()
        return kvmtune_gettid()
      }
    } catch {
      stop()
      throw error
    }
  }

  func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) throws -> Value {
    let answer = Answer<Value>()
    let done = DispatchSemaphore(value: 0)
    condition.lock()
    precondition(!stopping, "the namespace was deleted")
    pending.append {
      answer.result.withLock { $0 = Result { try body() } }
      done.signal()
    }
    condition.signal()
    condition.unlock()
    done.wait()
    guard let result = answer.result.withLock({ $0 }) else {
      preconditionFailure("the work signals only after it has answered")
    }
    return try result.get()
  }

  /// Ends the thread once the work in hand is done.
  func stop() {
    condition.lock()
    let ended = os
    os = nil
    stopping = true
    condition.signal()
    condition.unlock()
    ended?.join()
  }

  private func serve() {
    while true {
      condition.lock()
      while pending.isEmpty && !stopping { condition.wait() }
      let next = pending.isEmpty ? nil : pending.removeFirst()
      condition.unlock()
      guard let next else { return }
      next()
    }
  }

  /// A network namespace of this thread's own, and a `/sys` that shows it and nobody else sees.
  private static func enterNewNamespace() throws {
    try syscall("unshare(CLONE_NEWNET|CLONE_NEWNS)") {
      kvmtune_unshare(CInt(KVMTUNE_CLONE_NEWNET | KVMTUNE_CLONE_NEWNS))
    }
    try syscall("mount", on: "/") {
      unsafe mount("", "/", "none", UInt(MS_SLAVE | MS_REC), nil)
    }
    try syscall("mount", on: "/sys") { unsafe mount("kvmtune", "/sys", "sysfs", 0, nil) }
  }
}

/// Where one thread leaves its answer for another.
private final class Answer<Value: Sendable>: Sendable {
  let result = Mutex<Result<Value, any Error>?>(nil)
}
