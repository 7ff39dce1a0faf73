import Kernel
import Measurement
import Netlink

/// The queueing discipline at the root of the sending device, in the words of tc(8).
///
/// The value read back has every number, `pfifo limit 1000` for `pfifo`. A snapshot keeps the
/// options as the kernel dumped them; a discipline that the kernel attached by itself comes back
/// when ours is deleted.
struct QdiscKnob: Knob {
  let name: KnobName = "qdisc"
  let scope = Scope.nic
  let disruption = Disruption.none
  let summary = "queueing discipline of the sending device"

  func capability(on target: Target) throws -> Availability {
    let device = target.transmitter
    let session = try target.session(for: device)
    guard try session.rootQdisc(of: device.index) != nil else {
      return .absent("the device has no queueing discipline before it is up")
    }
    let hasQueues = try session.link(index: device.index).transmitQueues > 1
    let kinds = QdiscSpecification.kinds.filter { kind in
      Self.present.contains(kind) && (kind != "netem" || target.isLab)
        && (kind != "mq" || hasQueues)
    }
    let isLab = target.isLab
    return .available(
      .words(grammar: "default, " + kinds.formattedList(or: "or") + ", with tc's options") {
        Self.objection(to: $0, kinds: kinds, isLab: isLab)
      })
  }

  func obstacle(on target: Target) throws -> String? {
    let device = target.transmitter
    return try target.session(for: device).obstacleToRestoringQdisc(of: device.index)
  }

  /// Why a text is no discipline for this device; nil if it is.
  static func objection(to text: String, kinds: [String], isLab: Bool) -> String? {
    do throws(QdiscSyntaxError) {
      let specification = try QdiscSpecification(parsing: text)
      switch specification {
      case .deviceDefault: return nil
      case .verbatim: return "\(text) is a record for putting back, not a value"
      case .netem where !isLab: return "netem spoils traffic; it is for labs only"
      case .mq where !kinds.contains("mq"): return "mq needs a device with several queues"
      default:
        return kinds.contains(specification.kind)
          ? nil : "this kernel has no \(specification.kind)"
      }
    } catch {
      return error.description
    }
  }

  /// What the running kernel has, found out once; all of them where we may not try, so that the
  /// kernel says at the write.
  private static let present: Set<String> =
    (try? QdiscKinds.probe().present) ?? Set(QdiscSpecification.kinds)

  func snapshot(on target: Target) throws -> Snapshot {
    let device = target.transmitter
    let session = try target.session(for: device)
    let all = try session.qdiscs(of: device.index)
    guard let root = all.first(where: \.isRoot) else {
      return Snapshot(value: .word("default"), details: ["root": "default"])
    }
    let effective = try session.qdiscSpecification(of: device.index)
    var details = ["root": QdiscSpecification(restoring: root).description, "kind": root.kind]
    // After a growth of queues the new ones below `mq` may be of another kind than the old.
    let leaves = Set(all.filter { !$0.isRoot && $0.parent != Qdisc.ingress }.map(\.kind))
    if !leaves.isEmpty { details["leaves"] = leaves.sorted().joined(separator: " ") }
    return Snapshot(value: KnobValue(effective?.description ?? root.kind), details: details)
  }

  func write(_ value: KnobValue, on target: Target) throws {
    try set(try QdiscSpecification(parsing: value.description), on: target)
  }

  func restore(_ snapshot: Snapshot, on target: Target) throws {
    if try self.snapshot(on: target).agrees(with: snapshot) { return }
    try set(try QdiscSpecification(parsing: snapshot.details["root"] ?? "default"), on: target)
  }

  private func set(_ specification: QdiscSpecification, on target: Target) throws {
    let device = target.transmitter
    let session = try target.session(for: device)
    try retryingWhileBusy {
      // Only in the place of another one does the kernel make its own choice anew.
      if specification == .deviceDefault {
        try session.replaceRootQdisc(of: device.index, with: .pfifo(limit: nil))
      }
      try session.replaceRootQdisc(of: device.index, with: specification)
    }
  }

  func commands(for value: KnobValue, on target: Target) -> [String] {
    let device = target.transmitter
    let words: [String] =
      switch try? QdiscSpecification(parsing: value.description) {
      case .deviceDefault: ["qdisc del dev \(device.name) root"]
      case .htb:
        [
          "qdisc replace dev \(device.name) root handle 1: htb default 1",
          "class add dev \(device.name) parent 1: classid 1:1 \(value)",
        ]
      default: ["qdisc replace dev \(device.name) root \(value)"]
      }
    return words.map { device.inNamespace("tc " + $0) }
  }
}
