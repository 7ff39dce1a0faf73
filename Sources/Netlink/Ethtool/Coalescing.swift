import CLinux

/// How a device gathers frames before it interrupts, as `ethtool -c` shows it.
///
/// What its driver does not know is absent. Values are microseconds or frames; the adaptive ones
/// are 0 or 1.
package struct Coalescing: Sendable, Hashable {
  /// One setting by the name that `ethtool -C` takes.
  package enum Parameter: String, Sendable, Hashable, CaseIterable {
    case rxUsecs = "rx-usecs"
    case rxFrames = "rx-frames"
    case txUsecs = "tx-usecs"
    case txFrames = "tx-frames"
    case adaptiveRx = "adaptive-rx"
    case adaptiveTx = "adaptive-tx"
  }

  package let values: [Parameter: Int]

  package init(_ values: [Parameter: Int]) { self.values = values }

  package subscript(_ parameter: Parameter) -> Int? { values[parameter] }

  package var rxUsecs: Int? { self[.rxUsecs] }
  package var rxFrames: Int? { self[.rxFrames] }
  package var txUsecs: Int? { self[.txUsecs] }
  package var txFrames: Int? { self[.txFrames] }
  package var adaptiveRx: Bool? { self[.adaptiveRx].map { $0 != 0 } }
  package var adaptiveTx: Bool? { self[.adaptiveTx].map { $0 != 0 } }

  /// Reads the reply to `ETHTOOL_MSG_COALESCE_GET`.
  package init(decoding attributes: [UInt8]) throws(MalformedMessage) {
    let reply = try AttributeReader(attributes)
    var found: [Parameter: Int] = [:]
    for parameter in Parameter.allCases {
      guard let attribute = reply[parameter.attribute] else { continue }
      found[parameter] =
        parameter.isSwitch ? Int(try attribute.uint8()) : Int(try attribute.uint32())
    }
    values = found
  }
}

extension Coalescing.Parameter {
  /// On or off, sent as one byte; the others are 32-bit numbers.
  package var isSwitch: Bool { self == .adaptiveRx || self == .adaptiveTx }

  /// `ETHTOOL_A_COALESCE_…`.
  var attribute: Int {
    switch self {
    case .rxUsecs: Int(ETHTOOL_A_COALESCE_RX_USECS)
    case .rxFrames: Int(ETHTOOL_A_COALESCE_RX_MAX_FRAMES)
    case .txUsecs: Int(ETHTOOL_A_COALESCE_TX_USECS)
    case .txFrames: Int(ETHTOOL_A_COALESCE_TX_MAX_FRAMES)
    case .adaptiveRx: Int(ETHTOOL_A_COALESCE_USE_ADAPTIVE_RX)
    case .adaptiveTx: Int(ETHTOOL_A_COALESCE_USE_ADAPTIVE_TX)
    }
  }
}

extension NetlinkSession {
  /// The coalescing of a device. Throws ``NetlinkError``, `.notSupported` on veth and bridges.
  package func coalescing(of index: Int32) throws -> Coalescing {
    try Coalescing(
      decoding: ethtoolReply("read the coalescing", ETHTOOL_MSG_COALESCE_GET, of: index))
  }

  /// Changes the settings that are given, all or none, and keeps the others.
  ///
  /// Drivers clamp silently (a TAP takes 64 `rx-frames` at the most): read back what came of it.
  /// Needs `CAP_NET_ADMIN`.
  /// - Throws: ``NetlinkError``: `.notSupported` or `.invalidArgument` for what the driver lacks;
  ///   `.resourceBusy` for what a running device does not allow.
  package func setCoalescing(_ changes: [Coalescing.Parameter: Int], of index: Int32) throws {
    let sorted = changes.sorted { $0.key.attribute < $1.key.attribute }
    try ethtoolChange("set the coalescing", ETHTOOL_MSG_COALESCE_SET, of: index) {
      for (parameter, value) in sorted {
        if parameter.isSwitch {
          $0.attribute(parameter.attribute, UInt8(value == 0 ? 0 : 1))
        } else {
          try $0.counts([(parameter.attribute, value)], "set the coalescing of link \(index)")
        }
      }
    }
  }
}
