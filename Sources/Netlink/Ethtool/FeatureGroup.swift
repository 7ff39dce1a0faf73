/// The old words of `ethtool -K`, each for one or more features of the kernel.
///
/// A word stands for a pattern, as in ethtool itself, so that a feature which a later kernel adds
/// to the family (`tx-tcp-accecn-segmentation`) belongs to it at once.
package enum FeatureGroup: String, Sendable, Hashable, CaseIterable {
  /// Checksums of received frames are checked by the device.
  case rx
  /// Checksums of sent frames are filled in by the device.
  case tx
  /// Frames may lie in several pieces of memory.
  case sg
  /// TCP segments are cut by the device.
  case tso
  /// Large frames are cut as late as possible, if need be in software.
  case gso
  /// Received segments of one flow are joined.
  case gro
  /// Received segments are joined by the device.
  case lro

  /// The line of `ethtool -k`.
  package var longName: String {
    switch self {
    case .rx: "rx-checksumming"
    case .tx: "tx-checksumming"
    case .sg: "scatter-gather"
    case .tso: "tcp-segmentation-offload"
    case .gso: "generic-segmentation-offload"
    case .gro: "generic-receive-offload"
    case .lro: "large-receive-offload"
    }
  }

  /// The beginning and the end that a feature's name has; equal to the name if there is one only.
  private var pattern: (prefix: String, suffix: String) {
    switch self {
    case .rx: ("rx-checksum", "")
    case .tx: ("tx-checksum-", "")
    case .sg: ("tx-scatter-gather", "")
    case .tso: ("tx-tcp", "-segmentation")
    case .gso: ("tx-generic-segmentation", "")
    case .gro: ("rx-gro", "")
    case .lro: ("rx-lro", "")
    }
  }

  /// Whether a feature belongs here.
  package func contains(_ feature: String) -> Bool {
    let (prefix, suffix) = pattern
    switch self {
    // `rx-gro-list` and `rx-gro-hw` are words of their own.
    case .rx, .gso, .gro, .lro: return feature == prefix
    case .tx, .sg, .tso:
      return feature.count >= prefix.count + suffix.count && feature.hasPrefix(prefix)
        && feature.hasSuffix(suffix)
    }
  }

  /// The features of this group that the kernel has, sorted.
  package func members(in features: Features) -> [String] {
    features.states.keys.filter(contains).sorted()
  }

  /// As `ethtool -k` prints it: on if any member is active; nil if the kernel has no member.
  package func isOn(in features: Features) -> Bool? {
    let members = members(in: features)
    if members.isEmpty { return nil }
    return members.contains { features[$0]?.active == true }
  }

  /// Whether no member can be changed.
  package func isFixed(in features: Features) -> Bool {
    members(in: features).allSatisfy { features[$0]?.isFixed ?? true }
  }

  /// What to ask of ``NetlinkSession/setFeatures(_:of:)``: every member that can be changed.
  package func changes(to on: Bool, in features: Features) -> [String: Bool] {
    let changeable = members(in: features).filter { features[$0]?.isFixed == false }
    return Dictionary(uniqueKeysWithValues: changeable.map { ($0, on) })
  }
}
