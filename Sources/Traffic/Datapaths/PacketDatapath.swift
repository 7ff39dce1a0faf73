import Kernel

/// Packet sockets: sendmmsg(2) or a ring of TPACKET_V2 to send, a ring of TPACKET_V3 to receive;
/// frame by frame for round trips.
struct PacketDatapath: DatapathOpener {
  let end: LocalEnd

  func sending(_ half: HalfRequest, issued: [IssueCounter]?) throws -> any SendingHalf {
    let workload = half.workload
    if workload.segments > 1 {
      let header = header(half, outward: true)
      return try FrameSending(
        workload, template: DatagramTemplate(frameBytes: half.frameBytes, run: half.run),
        cpus: end.cpus, issued: issued ?? workload.issueCounters()
      ) { _ in
        try SuperFrameSocket(
          sendingOn: end.endpoint.device, bypassingQdisc: workload.bypassQdisc,
          heads: header.heads(
            flows: max(workload.flows, workload.threads),
            virtioBytes: SuperFrameSocket.virtioBytes),
          selector: DatagramLayout.flow, unit: workload.segments)
      }
    }
    let template = end.template(half, outward: true)
    let device = end.endpoint.device
    // Of another run: on a slow path its frames may still come when the session listens.
    var trial = half
    trial.run = ~half.run
    let probe = end.template(trial, outward: true)(half.frameBytes)
    switch try TransmitChoice.method(for: workload, on: device, probe) {
    case .ring:
      return try end.sending(half, template: template, issued: issued) { _ in
        try PacketTransmitRing(
          sendingOn: device, bypassingQdisc: workload.bypassQdisc, frameBytes: half.frameBytes)
      }
    case .calls, .automatic:
      return try end.sending(half, template: template, issued: issued) { _ in
        try socket(workload)
      }
    }
  }

  func receiving(_ half: HalfRequest, issued: [IssueCounter]?) throws -> any ReceivingHalf {
    let workload = half.workload
    let fanout = workload.threads > 1 ? FanoutGroup() : nil
    if workload.segments > 1 {
      let header = header(half, outward: false)
      return try FrameReceiving(
        workload, template: DatagramTemplate(frameBytes: half.frameBytes, run: half.run),
        threads: workload.threads, cpus: end.cpus, issued: issued
      ) { _ in SuperFrameSource(try PacketRing(on: end.endpoint.device, fanout: fanout), header) }
    }
    return try end.receiving(
      half, template: end.template(half, outward: false), threads: workload.threads,
      issued: issued
    ) { _ in try PacketRing(on: end.endpoint.device, fanout: fanout) }
  }

  func reflecting(_ half: HalfRequest) throws -> any ReflectingHalf {
    try end.reflecting(
      half, forward: end.template(half, outward: false),
      backward: end.template(half, outward: true),
      source: try PacketInbox(on: end.endpoint.device), sink: try socket(half.workload))
  }

  func echo(_ half: HalfRequest, reflector: any ReflectingHalf, sleeping: Bool) throws -> any Load {
    try end.echo(
      half, forward: end.template(half, outward: true),
      backward: end.template(half, outward: false), flows: half.workload.flows,
      reflector: reflector, sleeping: sleeping,
      source: try PacketInbox(on: end.endpoint.device), sink: try socket(half.workload))
  }

  private func header(_ half: HalfRequest, outward: Bool) -> SuperFrameHeader {
    end.superFrameHeader(half, outward: outward)
  }

  private func socket(_ workload: Workload) throws -> PacketSocket {
    try PacketSocket(sendingOn: end.endpoint.device, bypassingQdisc: workload.bypassQdisc)
  }
}
