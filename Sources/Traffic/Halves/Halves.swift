/// One side of a direction of traffic: its threads and sockets, here or on another machine.
///
/// Any sending half goes with any receiving one. Control only, a few calls a window: what runs
/// frame by frame is behind them.
protocol Half: AnyObject {
  /// Where its sockets listen, one port for each thread; empty if nobody has to know.
  var ports: [UInt16] { get }
  /// Whether a thread has ended its work with an error, which the end of the window will throw;
  /// false where nobody here knows before.
  var hasFailed: Bool { get }
  /// Shuts the ears until the next window. Nothing is in hand.
  func park() throws
  /// Ends the threads, whatever they do, and closes the sockets.
  func close()
}

extension Half {
  var hasFailed: Bool { false }
}

/// Threads that send, each with flows of its own.
protocol SendingHalf: Half {
  /// Numbers and counters for a new window.
  ///
  /// - Returns: for each thread the lowest number of every flow.
  func begin() throws -> [UInt64]
  /// Sends for so long. Returns at once.
  func start(nanoseconds: UInt64) throws
  /// Waits until all has been sent.
  func finish() throws -> (SendingEnd, Findings)
}

/// Threads that receive, any flow on any of them.
protocol ReceivingHalf: Half {
  /// Counters and ears for a new window, and begins to receive. Returns at once.
  ///
  /// - Parameters:
  ///   - first: for each sending thread the lowest number of every flow.
  ///   - patience: nanoseconds without a frame, after the end of sending, that end the window.
  func start(at first: [UInt64], patience: UInt64) throws
  /// Tells what to expect, and waits until it is there or nothing more comes.
  func finish(_ end: SendingEnd) throws -> Findings
  /// Waits on for what may still be under way. Gives the findings of the window anew.
  func waitOn(patience: UInt64) throws -> Findings
  /// Frames delivered so far in this window, to look at while it runs; nil if nobody here knows.
  var deliveredSoFar: UInt64? { get }
}

extension ReceivingHalf {
  var deliveredSoFar: UInt64? { nil }
}

/// One thread that sends everything of ours back where it came from.
protocol ReflectingHalf: Half {
  /// Begins to reflect. Returns at once.
  ///
  /// - Parameter sleeping: see ``EchoReflector/reflect(until:sleeping:)``.
  func start(sleeping: Bool) throws
  /// Stops reflecting.
  ///
  /// - Returns: CPU nanoseconds that it took on this machine.
  func finish() throws -> UInt64
}

/// What senders say when they have ended, for each of their threads.
package struct SendingEnd: Sendable, Hashable, Codable {
  /// Frames, or bytes of a stream, that the kernel accepted.
  package var offered: [UInt64]
  /// The number that every flow goes on from: all that were used are below it.
  package var next: [UInt64]

  package init(offered: [UInt64], next: [UInt64]) {
    self.offered = offered
    self.next = next
  }

  /// The end of senders that failed.
  static func nothing(threads: Int) -> SendingEnd {
    let zeros = [UInt64](repeating: 0, count: threads)
    return SendingEnd(offered: zeros, next: zeros)
  }
}

/// Nanoseconds without a frame, after the end of sending, that make a path look empty. A ring
/// hands over a block that is not full within two ticks of the kernel, 8 ms at worst.
let usualPatience: UInt64 = 10_000_000
