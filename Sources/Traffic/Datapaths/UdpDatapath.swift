import Kernel

/// UDP sockets, each one flow and one thread's.
struct UdpDatapath: DatapathOpener {
  let end: LocalEnd

  func sending(_ half: HalfRequest, issued: [IssueCounter]?) throws -> any SendingHalf {
    let sockets = try half.destinations.map(connected)
    if half.workload.segments > 1 || half.workload.zerocopy {
      let template = template(half)(half.frameBytes)
      return try FrameSending(
        half.workload, template: template, cpus: end.cpus,
        issued: issued ?? half.workload.issueCounters()
      ) {
        try SuperDatagramSink(
          sockets[$0], bytes: template.bytes.count, unit: half.workload.segments,
          zerocopy: half.workload.zerocopy)
      }
    }
    return try end.sending(half, template: template(half), issued: issued) {
      DatagramSink(sockets[$0])
    }
  }

  func receiving(_ half: HalfRequest, issued: [IssueCounter]?) throws -> any ReceivingHalf {
    let bytes = template(half)(half.frameBytes).bytes.count
    let sockets = try (0..<half.workload.threads).map(listening)
    if half.workload.segments > 1 {
      return try FrameReceiving(
        half.workload, template: template(half)(half.frameBytes), threads: sockets.count,
        cpus: end.cpus, issued: issued, ports: sockets.map(\.port)
      ) { try SuperDatagramInbox(sockets[$0]) }
    }
    return try end.receiving(
      half, template: template(half), threads: sockets.count, issued: issued,
      ports: sockets.map(\.port)
    ) { DatagramInbox(sockets[$0], bytes: bytes) }
  }

  func reflecting(_ half: HalfRequest) throws -> any ReflectingHalf {
    let socket = try listening(0)
    return try end.reflecting(
      half, forward: template(half), backward: template(half), ports: [socket.port],
      source: inbox(socket, half), sink: DatagramSink(socket))
  }

  func echo(_ half: HalfRequest, reflector: any ReflectingHalf, sleeping: Bool) throws -> any Load {
    let socket = try connected(half.destinations[0])
    return try end.echo(
      half, forward: template(half), backward: template(half), flows: 1, reflector: reflector,
      sleeping: sleeping, source: inbox(socket, half), sink: DatagramSink(socket))
  }

  private func template(_ half: HalfRequest) -> (Int) -> DatagramTemplate {
    { DatagramTemplate(frameBytes: $0, run: half.run) }
  }

  private func inbox(_ socket: DatagramSocket, _ half: HalfRequest) -> DatagramInbox {
    DatagramInbox(socket, bytes: template(half)(half.frameBytes).bytes.count)
  }

  private func connected(_ address: SocketAddress) throws -> DatagramSocket {
    try DatagramSocket(in: end.endpoint.device.namespace, peer: address)
  }

  private func listening(_ thread: Int) throws -> DatagramSocket {
    try DatagramSocket(in: end.endpoint.device.namespace, port: end.port(thread))
  }
}
