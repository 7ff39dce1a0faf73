import Kernel

/// The two ends of a route while a session lasts, and how a workload's halves are opened on them.
struct SessionEnds {
  private let workload: Workload
  private let route: Route
  private let placement: Placement
  private let run: UInt16
  private let frameBytes: Int
  /// That we may use here.
  private let cpus: Int
  private let senderMachine: FarMachine?
  private let receiverMachine: FarMachine?
  /// The virtio NIC of the phantom guest, for the `vhost` datapath.
  private let vhost: VhostDevice?

  /// Compares clocks with the machines of far ends.
  init(
    _ workload: Workload, route: Route, placement: Placement, frameBytes: Int, run: UInt16
  ) throws {
    self.workload = workload
    self.route = route
    self.placement = placement
    self.frameBytes = frameBytes
    self.run = run
    cpus = try CPUSet.allowed().count
    senderMachine = try Self.machine(of: route.sender)
    receiverMachine = try Self.machine(of: route.receiver)
    vhost = try Self.vhost(workload, at: route.receiver, frameBytes: frameBytes)
  }

  /// The phantom guest's NIC over the TAP at the receiving end, or else over packet sockets.
  private static func vhost(_ workload: Workload, at end: RouteEnd, frameBytes: Int) throws
    -> VhostDevice?
  {
    guard workload.datapath == .vhost, case .local(let endpoint) = end else { return nil }
    if let tap = endpoint.tap { return try VhostDevice(over: tap, frameBytes: frameBytes) }
    return try VhostDevice(
      on: endpoint.device, queues: workload.threads, frameBytes: frameBytes)
  }

  private func isReceiver(_ endpoint: Endpoint) -> Bool {
    guard case .local(let receiver) = route.receiver else { return false }
    return receiver.device.index == endpoint.device.index
      && receiver.device.namespace === endpoint.device.namespace
  }

  private static func machine(of end: RouteEnd) throws -> FarMachine? {
    if case .remote(let end) = end { try FarMachine(end.peer) } else { nil }
  }

  /// The machines other than this one.
  var machines: [FarMachine] { [senderMachine, receiverMachine].compactMap { $0 } }

  /// CPU nanoseconds so far of what works for the session besides our threads; nil if nothing does.
  var extraCPU: (@Sendable () throws -> UInt64)? {
    guard let vhost else { return route.extraCPU }
    return { [other = route.extraCPU] in try vhost.cpuTime() + (other?() ?? 0) }
  }

  /// Opens what a validated workload needs.
  func load() throws -> any Load {
    try check()
    if workload.kind.isRoundTrip { return try echo() }
    var lanes: [Lane] = []
    do {
      if workload.direction != .toSender { lanes.append(try lane(from: sender, to: receiver)) }
      if workload.direction != .toReceiver {
        lanes.append(try lane(from: receiver, to: sender, isBack: true))
      }
    } catch {
      for lane in lanes { lane.close() }
      throw error
    }
    return LaneLoad(lanes)
  }

  private func check() throws {
    guard workload.load == nil else {
      throw refusal("a load is a share of a rate that is to be found first")
    }
    if workload.datapath.hasPhantomGuest {
      try checkPhantomGuest()
    }
    if workload.datapath == .tcp { return }
    guard (FrameLayout.minimumBytes...65_549).contains(frameBytes) else {
      throw refusal(
        "an MTU of \(route.mtu) makes frames of \(frameBytes) bytes, "
          + "not \(FrameLayout.minimumBytes) to 65549")
    }
    guard frameBytes <= route.mtu + FrameLayout.ethernetBytes else {
      throw refusal("a frame of \(frameBytes) bytes does not fit an MTU of \(route.mtu)")
    }
    let most = SuperFrameHeader.mostSegments(
      frameBytes: frameBytes, zerocopy: workload.zerocopy)
    guard workload.segments <= max(1, most) else {
      throw refusal(
        "a super-frame holds \(most) frames of \(frameBytes) bytes, not \(workload.segments)")
    }
  }

  private func checkPhantomGuest() throws {
    guard let tap = route.receiver.tap else {
      if workload.datapath == .vhost && vhost != nil { return }
      throw refusal("the receiving end is no \(workload.datapath.rawValue)")
    }
    if workload.datapath != .vhost && tap.isMacvtap != (workload.datapath == .macvtap) {
      let kind = tap.isMacvtap ? Datapath.macvtap : .tap
      throw refusal("\(tap.name) is a \(kind.rawValue); take that datapath")
    }
    guard workload.direction == .toReceiver || workload.threads <= tap.queues.count else {
      throw refusal(
        "\(workload.threads) writing threads for the \(tap.queues.count) queues of \(tap.name)")
    }
  }

  // MARK: Halves

  /// One end of the route, with what it takes to open a half there.
  private struct End {
    let end: RouteEnd
    let cpus: [Int]
    let machine: FarMachine?
  }

  private var sender: End {
    End(end: route.sender, cpus: placement.senders, machine: senderMachine)
  }
  private var receiver: End {
    End(end: route.receiver, cpus: placement.receivers, machine: receiverMachine)
  }

  private func lane(from: End, to: End, isBack: Bool = false) throws -> Lane {
    let issued: [IssueCounter]? =
      from.end.isRemote || to.end.isRemote ? nil : workload.shares.map { _ in IssueCounter() }
    // The far end listens, so that a forwarder is needed one way only; it is opened first.
    // Connections are opened by the sending end, wherever it is.
    if workload.datapath == .tcp && workload.kind != .connect && from.end.isRemote
      && !to.end.isRemote
    {
      let sending = try self.sending(at: from, to: to.end.address, [], issued)
      return try with(sending) {
        let addresses = try addresses(of: from.end, sending.ports, for: to.end)
        return Lane(
          sending, try self.receiving(at: to, from: from.end.address, addresses, issued),
          threads: workload.threads, isBack: isBack)
      }
    }
    let receiving = try self.receiving(at: to, from: from.end.address, [], issued)
    return try with(receiving) {
      let addresses = try addresses(of: to.end, receiving.ports, for: from.end)
      return Lane(
        try self.sending(at: from, to: to.end.address, addresses, issued), receiving,
        threads: workload.threads, isBack: isBack)
    }
  }

  private func echo() throws -> any Load {
    guard case .local(let endpoint) = route.sender else {
      throw refusal("a round trip is measured at the sending end, and that is on another machine")
    }
    let reflector: any ReflectingHalf
    switch receiver.end {
    case .local(let far):
      reflector = try opener(far, receiver.cpus).reflecting(
        request(.reflecting, far.device.name, route.sender.address, []))
    case .remote(let far):
      reflector = try FarReflecting(
        try machine(receiver), request(.reflecting, far.device, route.sender.address, []))
    }
    return try with(reflector) {
      let addresses = try addresses(of: route.receiver, reflector.ports, for: route.sender)
      return try opener(endpoint, sender.cpus).echo(
        request(.sending, endpoint.device.name, route.receiver.address, addresses),
        reflector: reflector, sleeping: reflectsAsleep)
    }
  }

  /// Whether the reflector leaves its CPU to others: a prober here, a worker of vhost, or the threads
  /// that carry a guest, of which there are some.
  private var reflectsAsleep: Bool {
    if receiver.end.isRemote { return cpus < Self.cpusForAGuest }
    // One for the prober, one for the reflector, one for the worker.
    if vhost != nil { return cpus < 3 }
    return placement.senders[0] == placement.receivers[0]
  }

  private static let cpusForAGuest = 4

  private func sending(
    at end: End, to peer: MACAddress, _ addresses: [SocketAddress], _ issued: [IssueCounter]?
  ) throws -> any SendingHalf {
    switch end.end {
    case .local(let here):
      return try opener(here, end.cpus).sending(
        request(.sending, here.device.name, peer, addresses), issued: issued)
    case .remote(let far):
      return try FarSending(try machine(end), request(.sending, far.device, peer, addresses))
    }
  }

  private func receiving(
    at end: End, from peer: MACAddress, _ addresses: [SocketAddress], _ issued: [IssueCounter]?
  ) throws -> any ReceivingHalf {
    switch end.end {
    case .local(let here):
      return try opener(here, end.cpus).receiving(
        request(.receiving, here.device.name, peer, addresses), issued: issued)
    case .remote(let far):
      return try FarReceiving(try machine(end), request(.receiving, far.device, peer, addresses))
    }
  }

  private func machine(_ end: End) throws -> FarMachine {
    guard let machine = end.machine else { preconditionFailure("a far end has a machine") }
    return machine
  }

  private func opener(_ endpoint: Endpoint, _ cpus: [Int]) -> any DatapathOpener {
    LocalEnd(
      endpoint: endpoint, cpus: cpus, firstPort: 0, vhost: isReceiver(endpoint) ? vhost : nil
    ).opener(workload.datapath)
  }

  private func request(
    _ role: HalfRequest.Role, _ device: String, _ peer: MACAddress, _ addresses: [SocketAddress]
  ) -> HalfRequest {
    HalfRequest(
      role: role, device: device, workload: workload, frameBytes: frameBytes, run: run,
      peer: peer, destinations: addresses)
  }

  /// Where `seeker` reaches the sockets that listen on `ports` at an end.
  private func addresses(of end: RouteEnd, _ ports: [UInt16], for seeker: RouteEnd) throws
    -> [SocketAddress]
  {
    if !workload.datapath.isOverSockets { return [] }
    guard ports.count == workload.threads else {
      throw TrafficFailure("it listens on \(ports.count) ports for \(workload.threads) threads")
    }
    let found: [SocketAddress]?
    switch (end, seeker) {
    case (.local(let here), .local):
      found = here.ipv4.map { address in ports.map { SocketAddress(address, port: $0) } }
    case (.local(let here), .remote(let far)):
      found = (far.nearIPv4 ?? here.ipv4).map { address in
        ports.map { SocketAddress(address, port: $0) }
      }
    case (.remote(let far), .local): found = far.reached(at: ports)
    case (.remote(let far), .remote):
      found = far.ipv4.map { address in ports.map { SocketAddress(address, port: $0) } }
    }
    guard let found else { throw refusal("the receiving end has no IPv4 address") }
    return found
  }

  /// Closes `half` if what follows fails.
  private func with<Result>(_ half: any Half, _ body: () throws -> Result) throws -> Result {
    do { return try body() } catch {
      half.close()
      throw error
    }
  }

  private func refusal(_ reason: String) -> WorkloadError {
    WorkloadError(workload: workload.name, reason: reason)
  }
}
