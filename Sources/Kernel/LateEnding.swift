import Synchronization

/// Ends a process whose work does not end by itself soon after somebody asked for it: one call into
/// it may take an hour.
///
/// The thread that works is in the middle of that call and cannot be asked; it goes with the process.
package final class LateEnding: Sendable {
  private let isOver = Mutex(false)

  /// Work that has less to go than this, nanoseconds, is waited for.
  private static let patience: UInt64 = 2_000_000_000
  private static let period: UInt64 = 50_000_000

  /// Watches from now on until ``isReached()``.
  ///
  /// - Parameter finish: tells what was done, removes what was made, and ends the process. It runs
  ///   on a thread of its own, while the one that works may be in any function but ``isReached()``:
  ///   what both use must bear that.
  package init(_ interruption: Interruption, finish: @escaping (Signal) -> Never) throws {
    // Safe: handed to one thread, which calls it once; the working thread stops at `isReached()`.
    nonisolated(unsafe) let finish = finish
    _ = try OSThread(name: "kvmtune-ending") { [self] in
      guard let signal = wait(for: interruption) else { return }
      isOver.withLock { isOver in
        if !isOver { unsafe finish(signal) }
      }
    }
  }

  /// The work has ended by itself. Never returns if the process is being ended.
  package func isReached() { isOver.withLock { $0 = true } }

  /// The signal that was not heeded in time; nil if the work has ended by itself.
  private func wait(for interruption: Interruption) -> Signal? {
    var asked: MonotonicTime?
    while !isOver.withLock({ $0 }) {
      if let signal = interruption.requested {
        let since = asked ?? .now()
        asked = since
        if MonotonicTime.now() - since >= Self.patience { return signal }
      }
      (MonotonicTime.now() + Self.period).sleepUntil()
    }
    return nil
  }
}
