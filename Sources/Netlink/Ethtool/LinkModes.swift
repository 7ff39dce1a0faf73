import CLinux

/// What a link runs at, as `ethtool` without options shows it. What the device does not say is nil.
package struct LinkModes: Sendable, Hashable {
  package enum Duplex: UInt8, Sendable {
    case half = 0
    case full = 1
  }

  /// Megabits per second. A virtual device tells a made-up one.
  package let speedMegabits: Int?
  package let duplex: Duplex?
  package let autonegotiation: Bool?

  package init(speedMegabits: Int?, duplex: Duplex?, autonegotiation: Bool?) {
    self.speedMegabits = speedMegabits
    self.duplex = duplex
    self.autonegotiation = autonegotiation
  }

  /// Reads the reply to `ETHTOOL_MSG_LINKMODES_GET`.
  package init(decoding attributes: [UInt8]) throws(MalformedMessage) {
    let reply = try AttributeReader(attributes)
    let speed = try reply[ETHTOOL_A_LINKMODES_SPEED]?.uint32()
    // SPEED_UNKNOWN is −1; some drivers say 0 without a carrier.
    speedMegabits = speed.flatMap { $0 == .max || $0 == 0 ? nil : Int($0) }
    let mode = try reply[ETHTOOL_A_LINKMODES_DUPLEX]?.uint8()
    duplex = mode.flatMap(Duplex.init(rawValue:))
    let negotiates = try reply[ETHTOOL_A_LINKMODES_AUTONEG]?.uint8()
    autonegotiation = negotiates.map { $0 != 0 }
  }
}

extension NetlinkSession {
  /// Speed, duplex and autonegotiation. Throws ``NetlinkError``, `.notSupported` if the driver
  /// tells nothing.
  package func linkModes(of index: Int32) throws -> LinkModes {
    try LinkModes(
      decoding: ethtoolReply("read the link modes", ETHTOOL_MSG_LINKMODES_GET, of: index))
  }

  /// Whether the driver detects a link; nil if it does not say. Throws ``NetlinkError``.
  package func linkDetected(of index: Int32) throws -> Bool? {
    let reply = try AttributeReader(
      ethtoolReply("read the link state", ETHTOOL_MSG_LINKSTATE_GET, of: index))
    let link = try reply[ETHTOOL_A_LINKSTATE_LINK]?.uint8()
    return link.map { $0 != 0 }
  }
}
