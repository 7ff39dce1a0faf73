import Kernel
import Synchronization

/// Opens halves of traffic on a device of this machine, whoever asked for them.
struct HalfOpener {
  let endpoint: Endpoint
  /// Thread `i` takes the `i`-th, and round again. Not empty.
  let cpus: [Int]
  /// The first port to listen on, each thread taking the next; 0 for such as the kernel chooses.
  let firstPort: UInt16
  /// The NIC of a phantom guest at this end, for the `vhost` datapath.
  var vhost: VhostDevice?

  /// - Parameter issued: how far each thread has got, if receivers of this machine want to know.
  func sending(_ half: HalfRequest, issued: [IssueCounter]? = nil) throws -> any SendingHalf {
    let workload = half.workload
    if workload.datapath == .tcp {
      return StreamSending(try meeting(half), threads: workload.threads, cpus: cpus)
    }
    let issued = issued ?? workload.shares.map { _ in IssueCounter() }
    if workload.datapath == .udp { return try datagramSending(half, issued: issued) }
    let template = self.template(half, outward: true)
    if let vhost {
      return try FrameSending(workload, template: template, cpus: cpus, issued: issued) {
        try VhostSender(vhost, $0)
      }
    }
    if workload.datapath == .tap, let tap = endpoint.tap {
      return try FrameSending(workload, template: template, cpus: cpus, issued: issued) {
        TapQueue(tap, $0..<($0 + 1))
      }
    }
    return try FrameSending(workload, template: template, cpus: cpus, issued: issued) { _ in
      try packetSocket(workload)
    }
  }

  /// - Parameter issued: how far the senders have got, if they are on this machine.
  func receiving(_ half: HalfRequest, issued: [IssueCounter]? = nil) throws -> any ReceivingHalf {
    let workload = half.workload
    if workload.datapath == .tcp {
      return StreamReceiving(try meeting(half), threads: workload.threads, cpus: cpus)
    }
    if workload.datapath == .udp { return try datagramReceiving(half, issued: issued) }
    let template = self.template(half, outward: false)
    if let vhost {
      return try FrameReceiving(
        workload, template: template, threads: vhost.queues.count, cpus: cpus, issued: issued
      ) { try VhostReceiver(vhost, $0..<($0 + 1)) }
    }
    if workload.datapath == .tap, let tap = endpoint.tap {
      return try FrameReceiving(
        workload, template: template, threads: tap.queues.count, cpus: cpus, issued: issued
      ) { TapQueue(tap, $0..<($0 + 1)) }
    }
    let fanout = workload.threads > 1 ? FanoutGroup.next() : nil
    return try FrameReceiving(
      workload, template: template, threads: workload.threads, cpus: cpus, issued: issued
    ) { _ in try PacketRing(on: endpoint.device, fanout: fanout) }
  }

  func reflecting(_ half: HalfRequest) throws -> any ReflectingHalf {
    let workload = half.workload
    if workload.datapath == .udp { return try datagramReflecting(half) }
    let forward = template(half, outward: false)
    let backward = template(half, outward: true)
    if let vhost {
      return try EchoReflecting(
        EchoReflector(
          from: try VhostReceiver(vhost, vhost.queues), into: try VhostSender(vhost, 0),
          forward: forward, backward: backward), cpu: cpus[0])
    }
    if workload.datapath == .tap, let tap = endpoint.tap {
      let queues = tap.queues.indices
      return try EchoReflecting(
        EchoReflector(
          from: TapQueue(tap, queues), into: TapQueue(tap, queues), forward: forward,
          backward: backward), cpu: cpus[0])
    }
    return try EchoReflecting(
      EchoReflector(
        from: try PacketInbox(on: endpoint.device), into: try packetSocket(workload),
        forward: forward, backward: backward), cpu: cpus[0])
  }

  /// The near end of a latency measurement, which owns the reflector from now on.
  func echo(
    _ half: HalfRequest, rate: Double, reflector: any ReflectingHalf, sleeping: Bool
  ) throws -> any Load {
    if half.workload.datapath == .udp {
      return try EchoLoad(
        rate: rate, cpu: cpus[0], prober: datagramProber(half), reflector: reflector,
        sleeping: sleeping)
    }
    return try EchoLoad(
      rate: rate, cpu: cpus[0], prober: frameProber(half), reflector: reflector,
      sleeping: sleeping)
  }

  private func frameProber(_ half: HalfRequest) throws -> EchoProber<PacketSocket, PacketInbox> {
    let workload = half.workload
    let flows = 0..<workload.flows
    let issued = IssueCounter()
    return EchoProber(
      sender: FrameSender(
        into: try packetSocket(workload), template: template(half, outward: true), flows: flows,
        batch: workload.batch, issued: issued),
      receiver: FrameReceiver(
        from: try PacketInbox(on: endpoint.device), template: template(half, outward: false),
        issuers: flows.map { _ in issued }))
  }

  private func template(_ half: HalfRequest, outward: Bool) -> FrameTemplate {
    FrameTemplate(
      frameBytes: half.frameBytes, from: outward ? endpoint.address : half.peer,
      to: outward ? half.peer : endpoint.address, run: half.run)
  }

  private func packetSocket(_ workload: Workload) throws -> PacketSocket {
    try PacketSocket(sendingOn: endpoint.device, bypassingQdisc: workload.bypassQdisc)
  }

  /// Connects to the other half if it says where it listens, otherwise listens.
  private func meeting(_ half: HalfRequest) throws -> StreamMeeting {
    let namespace = endpoint.device.namespace
    if !half.destinations.isEmpty { return .connecting(namespace, half.destinations) }
    return .listening(
      try (0..<half.workload.threads).map { thread in
        try StreamListener(in: namespace, at: SocketAddress(Self.anyAddress, port: port(thread)))
      })
  }

  /// Every address of the namespace: what comes through a forwarder is not for the device's own.
  private static let anyAddress = "0.0.0.0"

  /// Where a thread listens; 0 for a port that the kernel chooses.
  func port(_ thread: Int) -> UInt16 {
    firstPort == 0 ? 0 : firstPort + UInt16(thread)
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
