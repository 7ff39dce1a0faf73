import Kernel

/// What a load found in one window, before drops and CPU are put to it.
package struct Findings: Sendable, Codable {
  var sent = SendReport()
  var received = ReceiveReport()
  /// Of the refused frames, those on the way from the route's receiver to its sender.
  var refusedBack: UInt64 = 0
  /// Frames per second delivered in each of ``intervalCount`` equal parts of a window that is long
  /// enough; empty otherwise.
  var intervalRates: [Double] = []
  /// CPU nanoseconds of our threads on this machine.
  var cpu: UInt64 = 0
  /// The same of our threads on another, and what its senders waited for their schedule on the CPU.
  var farCPU: UInt64 = 0
  var farIdle: UInt64 = 0
  var lateness: TimeHistogram?
  var roundTrips: TimeHistogram?
  /// Bytes that arrived over TCP; nil for frames.
  var streamBytes: UInt64?
  /// Requests that had their response.
  var transactions: UInt64?
  var connections: ConnectionCounts?
  var retransmitted: UInt64 = 0
  /// Frames that our own sockets dropped, by hop.
  var overruns: [String: UInt64] = [:]

  /// Parts of a window that is looked at while it runs.
  static let intervalCount: UInt64 = 10

  package static func + (left: Findings, right: Findings) -> Findings {
    var sum = left
    sum.sent = left.sent + right.sent
    sum.received = left.received + right.received
    sum.refusedBack += right.refusedBack
    sum.intervalRates =
      left.intervalRates.isEmpty || right.intervalRates.isEmpty
      ? left.intervalRates + right.intervalRates
      : zip(left.intervalRates, right.intervalRates).map(+)
    sum.cpu += right.cpu
    sum.farCPU += right.farCPU
    sum.farIdle += right.farIdle
    sum.lateness = left.lateness.adding(right.lateness)
    sum.roundTrips = left.roundTrips.adding(right.roundTrips)
    sum.streamBytes = [left.streamBytes, right.streamBytes].compactMap { $0 }
      .reduce(nil) { ($0 ?? 0) + $1 }
    sum.transactions = left.transactions ?? right.transactions
    sum.connections = [left.connections, right.connections].compactMap { $0 }
      .reduce(nil) { ($0 ?? ConnectionCounts()) + $1 }
    sum.retransmitted += right.retransmitted
    sum.overruns.merge(right.overruns, uniquingKeysWith: +)
    return sum
  }
}

extension Findings {
  /// Every count and every span of time, to see whether they make sense.
  var counts: [UInt64] {
    [
      sent.intended ?? 0, sent.tried, sent.offered, sent.refused, sent.waits, sent.idle,
      received.delivered,
      received.duplicated, received.reordered, received.corrupt, received.foreign, received.late,
      received.overrun, cpu, farCPU, farIdle, streamBytes ?? 0, retransmitted,
      received.bytes, transactions ?? 0,
    ] + overruns.values + (connections?.all ?? [])
  }
}

extension TimeHistogram? {
  fileprivate func adding(_ other: TimeHistogram?) -> TimeHistogram? {
    guard var sum = self else { return other }
    if let other { sum.add(other) }
    return sum
  }
}

/// Traffic that can be measured window by window.
protocol Load: AnyObject {
  /// Runs one window: receivers first, then senders, until all is there or nothing more comes.
  func run(nanoseconds: UInt64) throws -> Findings
  /// Waits on for frames that may still be under way, as long as `patience` nanoseconds without
  /// one, and gives the findings of the window anew. Called after ``run(nanoseconds:)``.
  func waitOn(patience: UInt64) throws -> Findings
  /// Shuts the ears until the next window.
  func park() throws
  /// Ends the threads and closes the sockets.
  func close()
}
