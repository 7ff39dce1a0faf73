import Kernel
import Measurement
import Netlink

/// An offload that is on or off: `feature.gro`, `feature.tso`, … with the members that
/// ethtool(8) counts to it (Documentation/networking/netdev-features.rst).
///
/// The value is what is *active*; a snapshot keeps what is *wanted*, so that an offload which
/// went out because another one did comes back with it.
struct FeatureKnob: Knob {
  /// Behind `feature.`.
  let word: String
  let group: FeatureGroup
  let end: End
  let summary: String

  let scope = Scope.nic
  let disruption = Disruption.linkFlap
  var name: KnobName { KnobName(rawValue: "feature." + word) }

  func device(on target: Target) -> String { end.device(of: target).name }

  func capability(on target: Target) throws -> Availability {
    let features = try features(on: target)
    guard let isOn = group.isOn(in: features) else {
      return .absent("this kernel has no \(group.longName)")
    }
    if group.isFixed(in: features) {
      return .absent("\(group.longName) is fixed \(isOn ? "on" : "off") by the driver")
    }
    return .available(.flag)
  }

  func snapshot(on target: Target) throws -> Snapshot {
    let features = try features(on: target)
    let wanted = group.members(in: features).filter { features[$0]?.isFixed == false }
      .map { ($0, features[$0]?.wanted == true ? "on" : "off") }
    return Snapshot(
      value: .flag(group.isOn(in: features) ?? false),
      details: Dictionary(wanted) { first, _ in first })
  }

  func write(_ value: KnobValue, on target: Target) throws {
    let changes = group.changes(to: value == .flag(true), in: try features(on: target))
    try set(changes, on: target)
  }

  func restore(_ snapshot: Snapshot, on target: Target) throws {
    try set(snapshot.details.mapValues { $0 == "on" }, on: target)
  }

  private func set(_ wanted: [String: Bool], on target: Target) throws {
    let features = try features(on: target)
    let changes = wanted.filter { features[$0.key].map(\.wanted) != $0.value }
    if changes.isEmpty { return }
    let device = end.device(of: target)
    try retryingWhileBusy {
      _ = try target.session(for: device).setFeatures(changes, of: device.index)
    }
  }

  private func features(on target: Target) throws -> Features {
    let device = end.device(of: target)
    return try target.session(for: device).features(of: device.index)
  }

  func commands(for value: KnobValue, on target: Target) -> [String] {
    let device = end.device(of: target)
    return [device.inNamespace("ethtool -K \(device.name) \(group.rawValue) \(value)")]
  }
}
