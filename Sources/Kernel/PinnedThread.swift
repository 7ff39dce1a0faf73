import Foundation
import Synchronization

/// A thread on CPUs of its own that sleeps until it is given work, one piece at a time.
///
/// Safe: every stored property is touched only under the lock, or before the thread starts.
package final class PinnedThread: @unchecked Sendable {
  private let condition = NSCondition()
  private var pending: (@Sendable () -> Void)?
  private var busy = false
  private var stopping = false
  private var thread: OSThread?

  /// Starts the thread; it sleeps at once.
  ///
  /// - Parameters:
  ///   - name: what `top -H` shows, at most 15 bytes.
  ///   - cpus: where it may run.
  package init(name: String, on cpus: CPUSet) throws {
    thread = try OSThread(name: name, on: cpus) { [self] in serve() }
  }

  /// Hands over work and returns at once. There is none in hand: ``wait()`` has returned.
  package func start(_ work: @escaping @Sendable () -> Void) {
    condition.lock()
    precondition(!busy && !stopping, "a pinned thread has one piece of work at a time")
    busy = true
    pending = work
    condition.broadcast()
    condition.unlock()
  }

  /// Waits until the work in hand is done.
  package func wait() {
    condition.lock()
    while busy { condition.wait() }
    condition.unlock()
  }

  /// Ends the thread after the work in hand. Calling it again does nothing.
  package func stop() {
    condition.lock()
    stopping = true
    let ended = thread
    thread = nil
    condition.broadcast()
    condition.unlock()
    ended?.join()
  }

  private func serve() {
    condition.lock()
    while true {
      while pending == nil && !stopping { condition.wait() }
      guard let work = pending else { break }
      pending = nil
      condition.unlock()
      work()
      condition.lock()
      busy = false
      condition.broadcast()
    }
    condition.unlock()
  }
}
