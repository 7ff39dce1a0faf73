import Kernel
import Synchronization

/// A pinned thread and the state that only it works on; parked while it has nothing to do.
final class Worker<State: ~Copyable>: Sendable {
  private let thread: PinnedThread
  private let state: Mutex<State>
  private let outcome = Mutex<(error: (any Error)?, cpu: UInt64)>((nil, 0))

  init(_ name: String, on cpu: Int, _ state: consuming sending State) throws {
    self.state = Mutex(state)
    thread = try PinnedThread(name: name, on: CPUSet([cpu]))
  }

  /// Works on the state on the caller's thread; nothing is in hand.
  func with<Result: Sendable>(_ body: (inout State) throws -> Result) rethrows -> Result {
    try state.withLock { state in try body(&state) }
  }

  /// Begins work on the pinned thread.
  func start(_ work: @escaping @Sendable (inout State) throws -> Void) {
    outcome.withLock { $0 = (nil, 0) }
    thread.start { [self] in
      let begin = MonotonicTime.threadCPU()
      var failure: (any Error)?
      state.withLock { state in
        do { try work(&state) } catch { failure = error }
      }
      let used = MonotonicTime.threadCPU() - begin
      outcome.withLock { $0 = (failure, used) }
    }
  }

  /// Whether the work in hand has ended with an error, which ``finish()`` throws.
  var hasFailed: Bool { outcome.withLock { $0.error != nil } }

  /// Waits for the end of the work. Throws what it threw.
  ///
  /// - Returns: CPU nanoseconds it took.
  func finish() throws -> UInt64 {
    thread.wait()
    let (error, cpu) = outcome.withLock { $0 }
    if let error { throw error }
    return cpu
  }

  func stop() { thread.stop() }
}

extension Array {
  /// Waits for all of them, whatever one threw. Throws what the first to fail threw.
  ///
  /// - Returns: CPU nanoseconds of all.
  func finishAll<State: ~Copyable>() throws -> UInt64 where Element == Worker<State> {
    let results = map { worker in Result { try worker.finish() } }
    return try results.map { try $0.get() }.reduce(0, +)
  }
}
