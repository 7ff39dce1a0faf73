import CLinux

/// The queues of a device, as `ethtool -l` shows them. A sort that the device lacks is nil.
package struct Channels: Sendable, Hashable {
  /// Queues that receive and transmit.
  package let combined: BoundedCount?
  package let rx: BoundedCount?
  package let tx: BoundedCount?
  /// Vectors for link interrupts and the like.
  package let other: BoundedCount?

  package init(
    combined: BoundedCount? = nil, rx: BoundedCount? = nil, tx: BoundedCount? = nil,
    other: BoundedCount? = nil
  ) {
    self.combined = combined
    self.rx = rx
    self.tx = tx
    self.other = other
  }

  /// Reads the reply to `ETHTOOL_MSG_CHANNELS_GET`.
  package init(decoding attributes: [UInt8]) throws(MalformedMessage) {
    let reply = try AttributeReader(attributes)
    combined = try BoundedCount(
      reply, current: ETHTOOL_A_CHANNELS_COMBINED_COUNT,
      maximum: ETHTOOL_A_CHANNELS_COMBINED_MAX)
    rx = try BoundedCount(
      reply, current: ETHTOOL_A_CHANNELS_RX_COUNT, maximum: ETHTOOL_A_CHANNELS_RX_MAX)
    tx = try BoundedCount(
      reply, current: ETHTOOL_A_CHANNELS_TX_COUNT, maximum: ETHTOOL_A_CHANNELS_TX_MAX)
    other = try BoundedCount(
      reply, current: ETHTOOL_A_CHANNELS_OTHER_COUNT, maximum: ETHTOOL_A_CHANNELS_OTHER_MAX)
  }
}

extension NetlinkSession {
  /// The queues of a device. Throws ``NetlinkError``, `.notSupported` if its driver tells nothing.
  package func channels(of index: Int32) throws -> Channels {
    try Channels(
      decoding: ethtoolReply("read the channels", ETHTOOL_MSG_CHANNELS_GET, of: index))
  }

  /// Changes the numbers that are given and keeps the others, in one step.
  ///
  /// Interrupts, XPS and qdiscs may be laid out anew, and carrier may be lost for a while.
  /// Drivers round silently: read back what came of it. Needs `CAP_NET_ADMIN`.
  /// - Throws: ``NetlinkError``: `.invalidArgument` above the maximum, or without a queue left in
  ///   one direction; `.notSupported`; `.resourceBusy`.
  package func setChannels(
    combined: Int? = nil, rx: Int? = nil, tx: Int? = nil, of index: Int32
  ) throws {
    let counts: [(Int, Int?)] = [
      (ETHTOOL_A_CHANNELS_RX_COUNT, rx), (ETHTOOL_A_CHANNELS_TX_COUNT, tx),
      (ETHTOOL_A_CHANNELS_COMBINED_COUNT, combined),
    ].map { (Int($0.0), $0.1) }
    try ethtoolChange("set the channels", ETHTOOL_MSG_CHANNELS_SET, of: index) {
      try $0.counts(counts, "set the channels of link \(index)")
    }
  }
}
