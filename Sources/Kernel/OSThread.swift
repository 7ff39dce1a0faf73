import CLinux

/// A thread of the operating system, started at once, joined by hand; pinned if CPUs are given.
///
/// Swift's tasks share a pool; a sender, a receiver or a namespace wants a thread of its own.
/// Safe: the closure is handed over by one retained box, released by the thread that runs it.
package final class OSThread: @unchecked Sendable {
  private var handle = pthread_t()
  private var joined = false

  private final class Start {
    let name: String
    let body: @Sendable () -> Void
    init(name: String, body: @escaping @Sendable () -> Void) {
      self.name = name
      self.body = body
    }
  }

  /// Starts a thread.
  ///
  /// - Parameters:
  ///   - name: what `top -H` shows, at most 15 bytes.
  ///   - cpus: where it may run from its first instruction; nil inherits.
  ///   - body: what it does; a failure is its own to report.
  package init(name: String, on cpus: CPUSet? = nil, _ body: @escaping @Sendable () -> Void)
    throws(SystemCallError)
  {
    precondition(name.utf8.count <= 15, "the kernel keeps 15 bytes of a thread's name")
    // A thread inherits its creator's CPUs, so it never runs elsewhere, not even at its start.
    let inherited = try CPUSet.allowed()
    try cpus?.pinCallingThread()
    defer { if cpus != nil { try? inherited.pinCallingThread() } }
    let start = unsafe Unmanaged.passRetained(Start(name: name, body: body))
    do throws(SystemCallError) {
      try threadCall("pthread_create") {
        unsafe pthread_create(
          &handle, nil,
          { context in
            guard let context = unsafe context else { return nil }
            let start = unsafe Unmanaged<Start>.fromOpaque(context).takeRetainedValue()
            _ = unsafe kvmtune_name_thread(start.name)
            start.body()
            return nil
          }, start.toOpaque())
      }
    } catch {
      unsafe start.release()
      throw error
    }
  }

  /// Lets another thread of this CPU run first, if there is one: sched_yield(2).
  package static func giveWay() { sched_yield() }

  /// Waits for the end of the thread. Call it once, from the owner.
  package func join() {
    precondition(!joined, "a thread is joined once")
    joined = true
    pthread_join(handle, nil)
  }
}
