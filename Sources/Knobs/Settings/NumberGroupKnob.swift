import Kernel
import Measurement
import Netlink
import SystemPackage

/// Numbers that the kernel reads and sets together over ethtool netlink.
///
/// Each number is a knob of its own; those of one group are written in one request, because a
/// driver checks them together and half of them may be impossible (no queue left in a direction).
enum NumberGroup: String, Sendable {
  case channels, ring, coalesce

  /// What a device says of one number.
  struct Entry: Hashable {
    let current: Int
    let maximum: Int
    /// `on` or `off` instead of a number.
    var isSwitch = false
  }

  /// By the name of the number: `combined`, `rx`, `rx-usecs`; those that the device has not are
  /// missing. Throws `NetlinkError`, `.notSupported` without any.
  func read(_ device: NetworkDevice, _ session: NetlinkSession) throws -> [String: Entry] {
    func entry(_ count: BoundedCount?) -> Entry? {
      count.map { Entry(current: $0.current, maximum: $0.maximum) }
    }
    switch self {
    case .channels:
      let found = try session.channels(of: device.index)
      return ["combined": found.combined, "rx": found.rx, "tx": found.tx].compactMapValues(entry)
    case .ring:
      let found = try session.rings(of: device.index)
      return ["rx": found.rx, "tx": found.tx].compactMapValues(entry)
    case .coalesce:
      let found = try session.coalescing(of: device.index).values.map { parameter, value in
        let most = parameter.isSwitch ? 1 : Domain.unbounded
        let entry = Entry(current: value, maximum: most, isSwitch: parameter.isSwitch)
        return (parameter.rawValue, entry)
      }
      return Dictionary(found) { first, _ in first }
    }
  }

  /// Sets some of the numbers. Channels are always sent as the full tuple, so that no driver
  /// makes up a number of its own for one that is not named.
  func write(_ values: [String: Int], _ device: NetworkDevice, _ session: NetlinkSession) throws {
    switch self {
    case .channels:
      let all = try read(device, session).mapValues(\.current).merging(values) { $1 }
      try session.setChannels(
        combined: all["combined"], rx: all["rx"], tx: all["tx"], of: device.index)
    case .ring:
      try session.setRings(rx: values["rx"], tx: values["tx"], of: device.index)
    case .coalesce:
      let changes = values.compactMap { field, value in
        Coalescing.Parameter(rawValue: field).map { ($0, value) }
      }
      try session.setCoalescing(Dictionary(changes) { first, _ in first }, of: device.index)
    }
  }

  /// The letter of ethtool(8) that sets the group.
  var option: String {
    switch self {
    case .channels: "-L"
    case .ring: "-G"
    case .coalesce: "-C"
    }
  }

  /// What the group is called in a sentence: `veth has no ring sizes`.
  var plural: String {
    switch self {
    case .channels: "channels to set"
    case .ring: "ring sizes"
    case .coalesce: "interrupt coalescing"
    }
  }

  /// What a driver may lay out anew along with it.
  var disturbs: [KnobName] {
    switch self {
    case .channels:
      ["coalesce.rx-usecs", "coalesce.tx-usecs", "qdisc", "irq.affinity", "rps", "xps"]
    case .ring:
      [
        "coalesce.rx-usecs", "coalesce.tx-usecs", "coalesce.rx-frames", "coalesce.tx-frames",
        "irq.affinity", "xps",
      ]
    case .coalesce: []
    }
  }
}

/// One number of a group: `channels.combined`, `ring.rx`, `coalesce.rx-usecs`.
struct NumberGroupKnob: Knob {
  let group: NumberGroup
  /// The number's name in the group and in ethtool(8): `combined`, `rx`, `rx-usecs`.
  let field: String
  /// The ends that it is set at.
  let ends: [End]
  let unit: String
  let summary: String

  let scope = Scope.nic
  var name: KnobName { KnobName(rawValue: "\(group.rawValue).\(field)") }
  var disruption: Disruption { group == .coalesce ? .none : .linkFlap }
  var disturbs: [KnobName] { group.disturbs.filter { $0 != name } }

  func device(on target: Target) -> String { ends(of: target)[0].device.name }

  func capability(on target: Target) throws -> Availability {
    var domains: [ClosedRange<Int>] = []
    for (_, device) in ends(of: target) {
      let session = try target.session(for: device)
      let found: [String: NumberGroup.Entry]
      do {
        found = try group.read(device, session)
      } catch let error as NetlinkError where error.errno == .notSupported {
        return .absent("\(try kind(of: device, session)) has no \(group.plural) (EOPNOTSUPP)")
      }
      guard let entry = found[field] else {
        return .absent("\(try kind(of: device, session)) has no \(field) among its \(group.plural)")
      }
      let virtio = try VirtioDriver(of: device, on: target)
      if let reason = try refusal(of: entry, device, session)
        ?? (group == .coalesce ? virtio?.coalescingObstacle : nil)
      {
        return .absent(reason)
      }
      if entry.isSwitch { return .available(.flag) }
      if virtio != nil, group == .ring {
        let sizes = VirtioDriver.ringSizes(upTo: entry.maximum)
        return .available(.choices(sizes.map(KnobValue.number)))
      }
      domains.append(least(in: found)...max(least(in: found), entry.maximum))
    }
    let upper = domains.map(\.upperBound).min() ?? 0
    let lower = domains.map(\.lowerBound).max() ?? 0
    return .available(.range(lower...max(lower, upper), unit: unit))
  }

  /// Why the kernel would not let this number be set, found by asking for what is there already:
  /// it checks whether the driver can, sees that nothing changes, and does not call the driver
  /// (net/ethtool/netlink.c, `ethnl_default_set_doit`).
  private func refusal(
    of entry: NumberGroup.Entry, _ device: NetworkDevice, _ session: NetlinkSession
  ) throws -> String? {
    do {
      try retryingWhileBusy { try group.write([field: entry.current], device, session) }
      return nil
    } catch let error as NetlinkError where error.errno == .notSupported {
      let text = error.message.map { ", \($0)" } ?? ""
      return "\(try kind(of: device, session)) shows \(field) but does not let it be set "
        + "(EOPNOTSUPP\(text))"
    } catch let error as NetlinkError where error.errno == .notPermitted {
      return nil
    }
  }

  /// Queues of one direction may be 0 only where combined ones carry the traffic; a ring has
  /// entries; coalescing may be off.
  private func least(in found: [String: NumberGroup.Entry]) -> Int {
    switch group {
    case .channels:
      let others: [String] = field == "combined" ? ["rx", "tx"] : ["combined"]
      return others.allSatisfy { (found[$0]?.current ?? 0) > 0 } ? 0 : 1
    case .ring: return 1
    case .coalesce: return 0
    }
  }

  func snapshot(on target: Target) throws -> Snapshot {
    var details: [String: String] = [:]
    var value = KnobValue.number(0)
    for (role, device) in ends(of: target) {
      let found = try group.read(device, try target.session(for: device))
      guard let entry = found[field] else {
        throw KnobError(.read, name, on: device.name, reason: "the device has no \(field)")
      }
      details[role] = String(entry.current)
      value = entry.isSwitch ? .flag(entry.current != 0) : .number(entry.current)
    }
    return Snapshot(value: value, details: details)
  }

  func write(_ value: KnobValue, on target: Target) throws {
    try Self.write([(self, value)], on: target)
  }

  func restore(_ snapshot: Snapshot, on target: Target) throws {
    try Self.restore([(self, snapshot)], on: target)
  }

  /// Sets several numbers of one group, in one request for each device.
  static func write(_ values: [(knob: NumberGroupKnob, value: KnobValue)], on target: Target)
    throws
  {
    try send(
      values.flatMap { knob, value in
        knob.ends(of: target).compactMap { role, _ in
          value.kernelNumber.map { (knob, role, $0) }
        }
      }, on: target)
  }

  /// Puts back several numbers of one group, in one request for each device.
  static func restore(_ originals: [(knob: NumberGroupKnob, snapshot: Snapshot)], on target: Target)
    throws
  {
    try send(
      originals.flatMap { knob, snapshot in
        knob.ends(of: target).compactMap { role, _ in
          snapshot.details[role].flatMap { Int($0) }.map { (knob, role, $0) }
        }
      }, on: target)
  }

  private static func send(
    _ numbers: [(knob: NumberGroupKnob, role: String, number: Int)], on target: Target
  ) throws {
    for (role, device) in target.ends {
      let wanted = numbers.filter { $0.role == role }
      guard let group = wanted.first?.knob.group else { continue }
      let session = try target.session(for: device)
      let current = try group.read(device, session)
      let changes = wanted.filter { current[$0.knob.field]?.current != $0.number }
      if changes.isEmpty { continue }
      let fields = Dictionary(changes.map { ($0.knob.field, $0.number) }) { $1 }
      try retryingWhileBusy { try group.write(fields, device, session) }
    }
  }

  func commands(for value: KnobValue, on target: Target) -> [String] {
    ends(of: target).map { _, device in
      device.inNamespace("ethtool \(group.option) \(device.name) \(field) \(value)")
    }
  }

  /// The ends that this knob acts on, by role; the transmitter's role stands for a single NIC.
  private func ends(of target: Target) -> [(role: String, device: NetworkDevice)] {
    let all = target.ends
    return all.count == 1 ? all : all.filter { end in ends.contains { $0.rawValue == end.role } }
  }

  private func kind(of device: NetworkDevice, _ session: NetlinkSession) throws -> String {
    let kind = try session.link(index: device.index).kind
    if !kind.isEmpty { return kind }
    return (try? session.driver(of: device.name).driver) ?? "its driver"
  }
}
