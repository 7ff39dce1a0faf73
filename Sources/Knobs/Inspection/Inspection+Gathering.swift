import Kernel
import Measurement
import Netlink
import SystemPackage

extension Inspection {
  /// Asks the kernel about the device that a target sends with.
  ///
  /// - Throws: `NetlinkError` if the device is gone; ``KnobError`` if a knob that it has cannot be
  ///   read.
  package init(of target: Target) throws {
    let device = target.transmitter
    let session = try target.session(for: device)
    let link = try session.link(index: device.index)
    let driver = try ifSupported { try session.driver(of: link.name) }
    let features = try session.features(of: device.index)
    let node = target.node(of: device)
    name = link.name
    index = link.index
    kind = link.kind
    self.driver = Driver(
      name: driver?.driver ?? link.kind, version: driver?.version ?? "",
      firmware: driver?.firmware ?? "", bus: driver?.bus ?? "")
    self.node = node
    nodeCPUs = target.machine.topology.cpus(ofNode: node).description
    self.link = LinkState(link, try ifSupported { try session.linkModes(of: device.index) })
    channels = try Self.counts(.channels, device, session)
    rings = try Self.counts(.ring, device, session)
    coalescing = try ifSupported { try NumberGroup.coalesce.read(device, session) }?
      .mapValues(\.current)
    self.features = features.states.mapValues { Feature(active: $0.active, fixed: $0.isFixed) }
    offloads = Self.offloads(features)
    qdisc = try QueueingDiscipline(session, device.index)
    interrupts = try Self.interrupts(target)
    receivePacketSteering = try Self.steering(.rps, target)
    transmitPacketSteering = try Self.steering(.xps, target)
    knobs = try Catalogue.knobs.map { try KnobState($0, target) }
  }

  private static func counts(
    _ group: NumberGroup, _ device: NetworkDevice, _ session: NetlinkSession
  ) throws -> [String: Count]? {
    try ifSupported { try group.read(device, session) }?.mapValues {
      Count(current: $0.current, maximum: $0.maximum)
    }
  }

  private static func offloads(_ features: Features) -> [String: Feature] {
    let known = FeatureGroup.allCases.compactMap { group in
      group.isOn(in: features).map {
        (group.rawValue, Feature(active: $0, fixed: group.isFixed(in: features)))
      }
    }
    return Dictionary(uniqueKeysWithValues: known)
  }

  private static func interrupts(_ target: Target) throws -> [InterruptLine] {
    let device = target.transmitter
    let files = target.machine.deviceFiles
    return try device.namespace.run { try Interrupts.of(device: device.name, files: files) }
      .map { interrupt in
        let counts = interrupt.counts.map { ("\($0.key)", $0.value) }
        return InterruptLine(
          number: interrupt.number, action: interrupt.action,
          queue: interrupt.queue(ofDevice: device.name),
          allowed: files.readIfPresent(Interrupts.affinityPath(interrupt.number)) ?? "",
          effective: files.readIfPresent(Interrupts.effectivePath(interrupt.number)) ?? "",
          counts: Dictionary(uniqueKeysWithValues: counts))
      }
  }

  private static func steering(_ kind: PacketSteeringKnob.Kind, _ target: Target) throws
    -> [String: String]
  {
    let knob = PacketSteeringKnob(kind: kind)
    guard case .available = try knob.availability(on: target) else { return [:] }
    return try knob.snapshot(on: target).details
  }
}

extension Inspection.LinkState {
  init(_ link: Link, _ modes: LinkModes?) {
    self.init(
      address: link.address?.description ?? "",
      permanentAddress: link.permanentAddress?.description, isUp: link.isUp,
      hasCarrier: link.hasCarrier, speedMegabits: modes?.speedMegabits,
      duplex: modes?.duplex.map { "\($0)" }, mtu: link.mtu, minimumMTU: link.minimumMTU,
      maximumMTU: link.maximumMTU, transmitQueueLength: link.transmitQueueLength,
      transmitQueues: link.transmitQueues, receiveQueues: link.receiveQueues)
  }
}

extension Inspection.QueueingDiscipline {
  /// Nil before the device was ever up.
  init?(_ session: NetlinkSession, _ index: Int32) throws {
    let all = try session.qdiscs(of: index)
    guard let root = all.first(where: \.isRoot) else { return nil }
    let words = try session.qdiscSpecification(of: index)?.description
    self.init(
      kind: root.kind, words: words ?? root.kind, isDefault: root.isDefault,
      children: all.filter { !$0.isRoot && $0.parent != Qdisc.ingress }.map(\.kind))
  }
}

extension Inspection.KnobState {
  init(_ knob: any Knob, _ target: Target) throws {
    let (value, domain, absent): (KnobValue?, String?, String?)
    do {
      switch try knob.availability(on: target) {
      case .absent(let reason): (value, domain, absent) = (nil, nil, reason)
      case .available(let found):
        (value, domain, absent) = (try knob.read(on: target), found.description, nil)
      }
    } catch {
      throw KnobError(.read, knob.name, on: knob.device(on: target), reason: "\(error)")
    }
    self.init(
      name: knob.name, scope: knob.scope, disruption: knob.disruption, summary: knob.summary,
      value: value, domain: domain, absent: absent)
  }
}

/// Nil for what the driver does not do.
private func ifSupported<Result>(_ body: () throws -> Result) throws -> Result? {
  do {
    return try body()
  } catch let error as NetlinkError where error.errno == .notSupported {
    return nil
  }
}
