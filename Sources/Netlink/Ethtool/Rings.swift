import CLinux

/// The descriptor rings of a device, as `ethtool -g` shows them. A sort that it lacks is nil.
package struct Rings: Sendable, Hashable {
  package let rx: BoundedCount?
  package let tx: BoundedCount?
  package let rxMini: BoundedCount?
  package let rxJumbo: BoundedCount?

  package init(
    rx: BoundedCount? = nil, tx: BoundedCount? = nil, rxMini: BoundedCount? = nil,
    rxJumbo: BoundedCount? = nil
  ) {
    self.rx = rx
    self.tx = tx
    self.rxMini = rxMini
    self.rxJumbo = rxJumbo
  }

  /// Reads the reply to `ETHTOOL_MSG_RINGS_GET`.
  package init(decoding attributes: [UInt8]) throws(MalformedMessage) {
    let reply = try AttributeReader(attributes)
    rx = try BoundedCount(reply, current: ETHTOOL_A_RINGS_RX, maximum: ETHTOOL_A_RINGS_RX_MAX)
    tx = try BoundedCount(reply, current: ETHTOOL_A_RINGS_TX, maximum: ETHTOOL_A_RINGS_TX_MAX)
    rxMini = try BoundedCount(
      reply, current: ETHTOOL_A_RINGS_RX_MINI, maximum: ETHTOOL_A_RINGS_RX_MINI_MAX)
    rxJumbo = try BoundedCount(
      reply, current: ETHTOOL_A_RINGS_RX_JUMBO, maximum: ETHTOOL_A_RINGS_RX_JUMBO_MAX)
  }
}

extension NetlinkSession {
  /// The rings of a device. Throws ``NetlinkError``, `.notSupported` on veth, TAP and bridges.
  package func rings(of index: Int32) throws -> Rings {
    try Rings(decoding: ethtoolReply("read the rings", ETHTOOL_MSG_RINGS_GET, of: index))
  }

  /// Changes the sizes that are given, in descriptors, and keeps the others, in one step.
  ///
  /// Many drivers take the link down for it and round the size: read back what came of it.
  /// Needs `CAP_NET_ADMIN`.
  /// - Throws: ``NetlinkError``: `.invalidArgument` above the maximum; `.notSupported`;
  ///   `.resourceBusy` while the device is reset.
  package func setRings(
    rx: Int? = nil, tx: Int? = nil, rxMini: Int? = nil, rxJumbo: Int? = nil, of index: Int32
  ) throws {
    let sizes: [(Int, Int?)] = [
      (ETHTOOL_A_RINGS_RX, rx), (ETHTOOL_A_RINGS_RX_MINI, rxMini),
      (ETHTOOL_A_RINGS_RX_JUMBO, rxJumbo), (ETHTOOL_A_RINGS_TX, tx),
    ].map { (Int($0.0), $0.1) }
    try ethtoolChange("set the rings", ETHTOOL_MSG_RINGS_SET, of: index) {
      try $0.counts(sizes, "set the rings of link \(index)")
    }
  }
}
