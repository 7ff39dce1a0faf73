/// What became of TCP connections: attempted = accepted + refused + timed out + failed, by what the
/// connecting end heard.
package struct ConnectionCounts: Sendable, Hashable, Codable {
  package var attempted: UInt64 = 0
  /// Taken by the other end and closed by it, as the connecting end heard.
  package var accepted: UInt64 = 0
  /// Of these, the ones that ended while new ones were begun.
  package var inTime: UInt64 = 0
  package var refused: UInt64 = 0
  package var timedOut: UInt64 = 0
  /// No port was free, or the way there broke.
  package var failed: UInt64 = 0
  /// As the accepting end counted.
  package var counted: UInt64 = 0

  package init() {}

  package static func + (left: ConnectionCounts, right: ConnectionCounts) -> ConnectionCounts {
    var sum = left
    sum.attempted += right.attempted
    sum.accepted += right.accepted
    sum.inTime += right.inTime
    sum.refused += right.refused
    sum.timedOut += right.timedOut
    sum.failed += right.failed
    sum.counted += right.counted
    return sum
  }

  /// Attempts that came to nothing.
  package var unsuccessful: UInt64 { refused + timedOut + failed }

  /// Ends that looked like an acceptance and were none: with `net.ipv4.tcp_abort_on_overflow` a
  /// full queue resets a connection just as an accepting end does.
  package var unexplained: UInt64 { accepted - min(accepted, counted) }

  var all: [UInt64] { [attempted, accepted, inTime, refused, timedOut, failed, counted] }
}
