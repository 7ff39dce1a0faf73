import Kernel
import Synchronization

/// Packet sockets: sendmmsg(2) to send, a ring of TPACKET_V3 to receive, frame by frame for
/// round trips.
struct PacketDatapath: DatapathOpener {
  let end: LocalEnd

  func sending(_ half: HalfRequest, issued: [IssueCounter]?) throws -> any SendingHalf {
    let workload = half.workload
    return try FrameSending(
      workload, template: end.template(half, outward: true), cpus: end.cpus,
      issued: issued ?? workload.issueCounters()
    ) { _ in try socket(workload) }
  }

  func receiving(_ half: HalfRequest, issued: [IssueCounter]?) throws -> any ReceivingHalf {
    let workload = half.workload
    let fanout = workload.threads > 1 ? FanoutGroup.next() : nil
    return try FrameReceiving(
      workload, template: end.template(half, outward: false), threads: workload.threads,
      cpus: end.cpus, issued: issued
    ) { _ in try PacketRing(on: end.endpoint.device, fanout: fanout) }
  }

  func reflecting(_ half: HalfRequest) throws -> any ReflectingHalf {
    try EchoReflecting(
      EchoReflector(
        from: try PacketInbox(on: end.endpoint.device), into: try socket(half.workload),
        forward: end.template(half, outward: false), backward: end.template(half, outward: true)),
      cpu: end.cpus[0])
  }

  func echo(_ half: HalfRequest, reflector: any ReflectingHalf, sleeping: Bool) throws -> any Load {
    let flows = 0..<half.workload.flows
    let issued = IssueCounter()
    let prober = EchoProber(
      sender: FrameSender(
        into: try socket(half.workload), template: end.template(half, outward: true),
        flows: flows, batch: half.workload.batch, issued: issued),
      receiver: FrameReceiver(
        from: try PacketInbox(on: end.endpoint.device),
        template: end.template(half, outward: false), issuers: flows.map { _ in issued }))
    return try EchoLoad(
      half.workload, cpu: end.cpus[0], prober: prober, reflector: reflector, sleeping: sleeping)
  }

  private func socket(_ workload: Workload) throws -> PacketSocket {
    try PacketSocket(sendingOn: end.endpoint.device, bypassingQdisc: workload.bypassQdisc)
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
