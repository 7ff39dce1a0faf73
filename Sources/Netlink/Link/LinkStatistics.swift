/// The 64-bit counters of a device: `struct rtnl_link_stats64` (linux/if_link.h).
///
/// What a driver counts as an error or a drop is its own affair; only packets and bytes mean the
/// same everywhere.
package struct LinkStatistics: Sendable, Hashable {
  package var receivedPackets: UInt64 = 0
  package var transmittedPackets: UInt64 = 0
  package var receivedBytes: UInt64 = 0
  package var transmittedBytes: UInt64 = 0
  package var receiveErrors: UInt64 = 0
  package var transmitErrors: UInt64 = 0
  package var receiveDropped: UInt64 = 0
  package var transmitDropped: UInt64 = 0
  /// Frames for which the device had no room: its ring was full.
  package var receiveMissed: UInt64 = 0
  /// The same, counted by queue or by event, in drivers that tell the two apart.
  package var receiveOverflowed: UInt64 = 0

  package init() {}

  /// Reads the counters that every kernel has; later ones append more.
  init(_ attribute: Attribute) throws(MalformedMessage) {
    guard attribute.bytes.count >= 128 else {
      throw MalformedMessage("link statistics of \(attribute.bytes.count) bytes")
    }
    let bytes = attribute.bytes
    let counters = (0..<16).map { UInt64(nativeBytes: bytes.dropFirst($0 * 8).prefix(8)) ?? 0 }
    receivedPackets = counters[0]
    transmittedPackets = counters[1]
    receivedBytes = counters[2]
    transmittedBytes = counters[3]
    receiveErrors = counters[4]
    transmitErrors = counters[5]
    receiveDropped = counters[6]
    transmitDropped = counters[7]
    receiveOverflowed = counters[14]
    receiveMissed = counters[15]
  }
}
