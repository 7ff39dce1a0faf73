import Kernel
import Measurement
import Netlink

/// The MTU of the whole path, in bytes of payload of an Ethernet frame.
///
/// A frame passes only if every hop takes it, so all are set alike. Raising goes from the lower
/// layers to the upper ones and lowering the other way, because an upper device may not exceed
/// the one below. A bridge comes last: it follows its smallest port by itself, and stops
/// doing so for good once it is set by hand (net/bridge/br_if.c, `br_mtu_auto_adjust`).
/// A snapshot also keeps the devices above the path: lowering a NIC lowers its VLANs.
struct MTUKnob: Knob {
  let name: KnobName = "mtu"
  let scope = Scope.nic
  let disruption = Disruption.peerMustFollow
  let summary = "largest packet that every device on the path takes"
  let disturbs: [KnobName] = ["irq.affinity", "xps"]

  func capability(on target: Target) throws -> Availability {
    let links = try hops(of: target).map { try $0.link() }
    // IPv4 needs 68 bytes (RFC 791); a driver that names no limits takes any (net/core/dev.c).
    let least = links.map(\.minimumMTU).max() ?? 0
    let most = links.compactMap { $0.maximumMTU > 0 ? $0.maximumMTU : nil }.min() ?? 65535
    guard least <= most else {
      return .absent("no MTU suits every device on the path")
    }
    return .available(.range(max(68, least)...max(68, most), unit: "bytes"))
  }

  func snapshot(on target: Target) throws -> Snapshot {
    let hops = try hops(of: target)
    var details: [String: String] = [:]
    for hop in try hops + layersAbove(hops, on: target) {
      details[hop.key] = String(try hop.link().mtu)
    }
    let smallest = try hops.map { try $0.link().mtu }.min() ?? 0
    return Snapshot(value: .number(smallest), details: details)
  }

  func write(_ value: KnobValue, on target: Target) throws {
    guard let mtu = value.integer else { return }
    let hops = try hops(of: target)
    try set(try hops.map { Change(hop: $0, link: try $0.link(), mtu: mtu) })
  }

  func restore(_ snapshot: Snapshot, on target: Target) throws {
    let hops = try hops(of: target)
    let changes = try (hops + layersAbove(hops, on: target)).compactMap { hop -> Change? in
      guard let mtu = snapshot.details[hop.key].flatMap({ Int($0) }) else { return nil }
      return Change(hop: hop, link: try hop.link(), mtu: mtu)
    }
    try set(changes)
  }

  func commands(for value: KnobValue, on target: Target) -> [String] {
    target.path.map { $0.inNamespace("ip link set dev \($0.name) mtu \(value)") }
  }

  /// A device whose MTU matters, and how to ask for it.
  private struct Hop {
    let device: Int32
    let name: String
    let namespace: String
    let session: NetlinkSession
    /// Where it stands in a snapshot.
    var key: String { namespace.isEmpty ? name : "\(namespace)/\(name)" }
    func link() throws -> Link { try session.link(index: device) }
  }

  private struct Change {
    let hop: Hop
    let link: Link
    let mtu: Int
  }

  private func hops(of target: Target) throws -> [Hop] {
    try target.path.map {
      Hop(
        device: $0.index, name: $0.name, namespace: $0.namespace.name ?? "",
        session: try target.session(for: $0))
    }
  }

  /// What stands on top of the path in the same namespaces, but is not part of it.
  private func layersAbove(_ hops: [Hop], on target: Target) throws -> [Hop] {
    var above: [Hop] = []
    for hop in hops {
      let links = try hop.session.links()
      for index in LinkLayers(links).above(hop.device).sorted() {
        guard let link = links.first(where: { $0.index == index }) else { continue }
        let found = Hop(
          device: index, name: link.name, namespace: hop.namespace, session: hop.session)
        if !(hops + above).contains(where: { $0.key == found.key }) { above.append(found) }
      }
    }
    return above
  }

  /// Raises from below, lowers from above, and sets bridges only where they did not follow.
  private func set(_ changes: [Change]) throws {
    let (bridges, others) = (
      changes.filter { $0.link.kind == "bridge" }, changes.filter { $0.link.kind != "bridge" }
    )
    let raised = others.filter { $0.mtu > $0.link.mtu }
    let lowered = others.filter { $0.mtu < $0.link.mtu }.reversed()
    for change in raised + lowered + bridges where try change.hop.link().mtu != change.mtu {
      try retryingWhileBusy {
        try change.hop.session.setMTU(change.mtu, of: change.hop.device)
      }
    }
  }
}
