import Kernel
import Synchronization

extension TrafficSession {
  /// Opens what a validated workload needs on a route.
  static func load(
    _ workload: Workload, route: Route, placement: Placement, frameBytes: Int, run: UInt16
  ) throws -> any Load {
    if workload.datapath == .tcp {
      return try StreamLoad(workload, route: route, placement: placement)
    }
    guard (FrameLayout.minimumBytes...65_549).contains(frameBytes) else {
      throw WorkloadError(
        workload: workload.name,
        reason: "an MTU of \(route.mtu) makes frames of \(frameBytes) bytes, "
          + "not \(FrameLayout.minimumBytes) to 65549")
    }
    guard frameBytes <= route.mtu + FrameLayout.ethernetBytes else {
      throw WorkloadError(
        workload: workload.name,
        reason: "a frame of \(frameBytes) bytes does not fit an MTU of \(route.mtu)")
    }
    let ends = FrameEnds(workload, route: route, frameBytes: frameBytes, run: run)
    if workload.kind == .latency { return try ends.echoLoad(placement) }
    var lanes: [any Lane] = []
    do {
      if workload.direction != .toSender { lanes.append(try ends.forwardLane(placement)) }
      if workload.direction != .toReceiver { lanes.append(try ends.backwardLane(placement)) }
    } catch {
      for lane in lanes { lane.close() }
      throw error
    }
    return FrameLoad(workload, lanes)
  }
}

/// Opens the ends of a route for frames.
struct FrameEnds {
  private let workload: Workload
  private let route: Route
  /// The frame as the sender sends it, and as the receiver does.
  let forward: FrameTemplate
  let backward: FrameTemplate

  init(_ workload: Workload, route: Route, frameBytes: Int, run: UInt16) {
    let here = route.sender.address
    let there = route.receiver.address
    self.init(
      workload, route: route,
      forward: FrameTemplate(frameBytes: frameBytes, from: here, to: there, run: run),
      backward: FrameTemplate(frameBytes: frameBytes, from: there, to: here, run: run))
  }

  private init(
    _ workload: Workload, route: Route, forward: FrameTemplate, backward: FrameTemplate
  ) {
    self.workload = workload
    self.route = route
    self.forward = forward
    self.backward = backward
  }

  /// From the route's sender to its receiver.
  func forwardLane(_ placement: Placement) throws -> any Lane {
    workload.datapath == .tap ? try toGuestLane(placement) : try packetLane(placement)
  }

  /// From the route's receiver to its sender.
  func backwardLane(_ placement: Placement) throws -> any Lane {
    workload.datapath == .tap
      ? try fromGuestLane(placement) : try reversed.packetLane(placement.reversed)
  }

  private var reversed: FrameEnds {
    FrameEnds(workload, route: route.reversed, forward: backward, backward: forward)
  }

  private func packetLane(_ placement: Placement) throws -> any Lane {
    let fanout = workload.threads > 1 ? FanoutGroup.next() : nil
    return try FrameLane(
      workload, template: forward, placement: placement, sink: { _ in try packetSocket() },
      source: { _ in try PacketRing(on: route.receiver.device, fanout: fanout) })
  }

  private func toGuestLane(_ placement: Placement) throws -> any Lane {
    let tap = try guestTap()
    return try FrameLane(
      workload, template: forward, placement: placement, receivers: tap.queues.count,
      sink: { _ in try packetSocket() }, source: { TapQueue(tap, $0..<($0 + 1)) })
  }

  private func fromGuestLane(_ placement: Placement) throws -> any Lane {
    let tap = try guestTap()
    let fanout = workload.threads > 1 ? FanoutGroup.next() : nil
    return try FrameLane(
      workload, template: backward, placement: placement.reversed,
      sink: { TapQueue(tap, $0..<($0 + 1)) },
      source: { _ in try PacketRing(on: route.sender.device, fanout: fanout) })
  }

  func echoLoad(_ placement: Placement) throws -> any Load {
    guard let rate = workload.rate else { preconditionFailure("a rate is validated") }
    let flows = 0..<workload.flows
    let issued = IssueCounter()
    let prober = EchoProber(
      sender: FrameSender(
        into: try packetSocket(), template: forward, flows: flows, batch: workload.batch,
        issued: issued),
      receiver: FrameReceiver(
        from: try PacketInbox(on: route.sender.device), template: backward,
        issuers: flows.map { _ in issued }))
    if workload.datapath == .tap {
      let tap = try guestTap()
      let reflector = EchoReflector(
        from: TapQueue(tap, tap.queues.indices), into: TapQueue(tap, tap.queues.indices),
        forward: forward, backward: backward)
      return try EchoLoad(rate: rate, placement: placement, prober: prober, reflector: reflector)
    }
    let far = route.receiver.device
    let reflector = EchoReflector(
      from: try PacketInbox(on: far),
      into: try PacketSocket(sendingOn: far, bypassingQdisc: workload.bypassQdisc),
      forward: forward, backward: backward)
    return try EchoLoad(rate: rate, placement: placement, prober: prober, reflector: reflector)
  }

  private func packetSocket() throws -> PacketSocket {
    try PacketSocket(sendingOn: route.sender.device, bypassingQdisc: workload.bypassQdisc)
  }

  private func guestTap() throws -> TapDevice {
    guard let tap = route.receiver.tap else {
      throw WorkloadError(workload: workload.name, reason: "the receiving end is no TAP")
    }
    guard workload.direction == .toReceiver || workload.threads <= tap.queues.count else {
      throw WorkloadError(
        workload: workload.name,
        reason:
          "\(workload.threads) writing threads for the \(tap.queues.count) queues of \(tap.name)")
    }
    return tap
  }
}

/// Numbers for groups of rings, unique in this process.
enum FanoutGroup {
  private static let last = Mutex<UInt16>(UInt16(truncatingIfNeeded: CurrentProcess.id))
  static func next() -> UInt16 {
    last.withLock {
      $0 &+= 1
      return $0
    }
  }
}
