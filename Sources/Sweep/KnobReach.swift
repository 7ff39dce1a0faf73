import Lab
package import Measurement
package import Traffic

/// Whether a knob can act on a workload's traffic at all: what its place in the kernel says, not
/// what was measured.
///
/// "Cannot" is said only where the kernel's source leaves no way. A knob that cannot act is either
/// left out of a sweep or kept as a negative control: an effect of it is an error of the statistics
/// or of the machine.
package struct KnobReach: Sendable {
  private let target: Profile.TargetRequest
  private let knobs: Set<KnobName>

  /// - Parameter knobs: all that are swept: what one does may rest on another.
  package init(on target: Profile.TargetRequest, knobs: [KnobName]) {
    self.target = target
    self.knobs = Set(knobs)
  }

  /// Why a knob cannot act on a workload, as the end of a sentence; nil if it may.
  package func obstacle(of name: KnobName, to workload: Workload) -> String? {
    let traffic = Traffic(workload)
    if let reason = Self.ofConnections(name.withoutPrefix, traffic) { return reason }
    // What a definition says may change anything; what a guest's own queues do is not judged.
    guard name.side == .host else { return nil }
    switch name.rawValue {
    case "qdisc": return ofQueueing(traffic)
    case "txqueuelen": return ofQueueLength(traffic)
    case "feature.tso", "feature.gso", "feature.tx-checksum":
      return ofCutting(name.rawValue, traffic)
    case "feature.gro":
      return isTap ? "a TAP hands frames in without NAPI, where nothing is joined" : nil
    case "coalesce.rx-frames": return ofBatching(traffic)
    case "xps" where isTap: return "a TAP chooses the queue by the flow"
    case "ring.tx", "xps": return traffic.leaves ? nil : Self.notSent
    case "ring.rx", "rps": return ofReceiving(name.rawValue, traffic)
    default: return nil
    }
  }

  /// What of a workload decides.
  private struct Traffic {
    let workload: Workload
    /// Frames go both ways: echoes, acknowledgements.
    private let isTwoWay: Bool

    init(_ workload: Workload) {
      self.workload = workload
      isTwoWay = workload.kind == .latency || workload.datapath == .tcp
    }

    /// Frames leave by the device that is tuned: a NIC sends them, a TAP hands them to its guest.
    var leaves: Bool { isTwoWay || workload.direction != .toSender }
    /// They come in by it.
    var enters: Bool { isTwoWay || workload.direction != .toReceiver }
    /// Every frame is made as it goes on the wire, and no kernel finishes it.
    var isReadyMade: Bool { workload.datapath != .tcp && workload.datapath != .udp }
    var isSingle: Bool { workload.datapath != .tcp && workload.segments == 1 }
  }

  private static let notSent = "its frames are not sent by that device"

  /// Whether the host's end is a TAP, behind a bridge or a router.
  private var isTap: Bool {
    switch target {
    case .lab(let name): name == LabTopology.bridgeTap.rawValue
    case .nic: false
    case .guest(let guest): [.bridge, .nat].contains(guest.interfaces[0].attachment)
    }
  }

  private var isVeth: Bool { target == .lab(LabTopology.veth.rawValue) }

  /// Settings of sockets that listen or connect.
  private static func ofConnections(_ name: KnobName, _ traffic: Traffic) -> String? {
    let settings: Set<KnobName> = [
      "sysctl.net.core.somaxconn", "sysctl.net.ipv4.tcp_max_syn_backlog",
      "sysctl.net.ipv4.ip_local_port_range",
    ]
    guard settings.contains(name), traffic.workload.kind != .connect else { return nil }
    return "it opens no connection while it is measured"
  }

  private func ofQueueing(_ traffic: Traffic) -> String? {
    guard traffic.leaves else { return Self.notSent }
    // Frames for a TAP come from a bridge, whatever their first sender did.
    if isTap { return nil }
    if traffic.workload.datapath == .xdp { return "AF_XDP sends past the queueing discipline" }
    return traffic.workload.bypassQdisc
      ? "it sends past the queueing discipline (PACKET_QDISC_BYPASS)" : nil
  }

  private func ofQueueLength(_ traffic: Traffic) -> String? {
    if let reason = ofQueueing(traffic) { return reason }
    return isVeth && !knobs.contains("qdisc")
      ? "a veth has no queue of its own, and the profile gives it no qdisc" : nil
  }

  private func ofCutting(_ name: String, _ traffic: Traffic) -> String? {
    guard traffic.isSingle else { return nil }
    // Without TSO a veth with GRO takes frames through its ring.
    if name != "feature.gso", isVeth, knobs.contains("feature.gro") { return nil }
    if name == "feature.tx-checksum" {
      return traffic.isReadyMade ? "its frames come with their checksums" : nil
    }
    return "its frames are sent one by one, so nothing is cut"
  }

  private func ofBatching(_ traffic: Traffic) -> String? {
    guard isTap else { return nil }
    if !traffic.enters { return "on a TAP it is about frames from the guest, and there are none" }
    return traffic.workload.datapath == .tap
      ? "on a TAP it is about batches, which write(2) does not make and vhost does" : nil
  }

  private func ofReceiving(_ name: String, _ traffic: Traffic) -> String? {
    if name == "rps", traffic.workload.datapath == .xdp {
      return "AF_XDP takes frames before they are shared out"
    }
    // The veth's knobs of receiving are those of its other end.
    let isReceived = isVeth ? traffic.leaves : traffic.enters
    return isReceived ? nil : "its frames are not received by that device"
  }
}

extension Profile {
  /// A knob of the profile that cannot act on a workload of it.
  package struct Unreached: Hashable, Sendable {
    package let knob: KnobName
    /// Why, by workload.
    package let reasons: [String: String]
    /// On no workload at all.
    package let isControl: Bool

    /// The same, and what a control is kept for.
    package var note: String {
      isControl ? "is a negative control: it \(description)" : description
    }

    /// `cannot act on bulk: it sends past …`
    package var description: String {
      // One reason for all is said once.
      let workloads = Dictionary(grouping: reasons.keys.sorted()) { reasons[$0] ?? "" }
      return "cannot act on "
        + workloads.sorted { $0.key < $1.key }.map { reason, names in
          "\(names.joined(separator: ", ")): \(reason)"
        }.joined(separator: "; ")
    }
  }

  /// The knobs that cannot act on some workload, in the order of the profile, by its first target.
  package var unreached: [Unreached] { unreached(on: target) }

  private func unreached(on target: TargetRequest) -> [Unreached] {
    let reach = KnobReach(on: target, knobs: knobs.map(\.name))
    return knobs.compactMap { request in
      let reasons = workloads.compactMap { workload in
        reach.obstacle(of: request.name, to: workload).map { (workload.name, $0) }
      }
      if reasons.isEmpty { return nil }
      return Unreached(
        knob: request.name, reasons: Dictionary(reasons) { first, _ in first },
        isControl: reasons.count == workloads.count)
    }
  }

  /// The knobs that are kept though they can act on nothing, on any of the targets.
  package var controls: [KnobName] {
    guard search.controls == .keep else { return [] }
    let each = targets.map { Set(unreached(on: $0).filter(\.isControl).map(\.knob)) }
    return knobs.map(\.name).filter { name in each.allSatisfy { $0.contains(name) } }
  }
}

/// Negative controls that seem to act.
package enum ControlCheck {
  /// What a recommendation finds of knobs that cannot act: each finding is a warning that the
  /// statistics or the machine are not to be trusted.
  package static func warnings(
    _ recommendation: Recommendation, controls: [KnobName]
  ) -> [String] {
    let controls = Set(controls)
    let proven = recommendation.knobs.filter {
      controls.contains($0.name) && ($0.evidence == .proven || $0.evidence == .droppedHarmful)
    }.map { "\($0.name)" }
    func acted(_ trial: TrialFinding) -> Verdict? {
      trial.verdicts.first { $0 == .better || $0 == .worse }
    }
    let found = (recommendation.search + recommendation.checks).filter { trial in
      let changed =
        trial.configuration.names.filter {
          trial.configuration[$0] != trial.reference[$0]
        } + trial.reference.names.filter { trial.configuration[$0] == nil }
      return !changed.isEmpty && controls.isSuperset(of: changed)
        && acted(trial) != nil
    }.map { trial in
      let verdict = acted(trial)?.rawValue ?? ""
      return "trial \(trial.trial), \(trial.configuration), which is \(verdict)"
    }
    return (proven + found).map {
      "a negative control seems to act (\($0)): it cannot, so this machine is too noisy for what "
        + "is claimed, or the statistics are wrong; measure again before anything is changed"
    }
  }
}
