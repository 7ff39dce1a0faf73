import Kernel

/// UDP sockets, each one flow and one thread's.
struct UdpDatapath: DatapathOpener {
  let end: LocalEnd

  func sending(_ half: HalfRequest, issued: [IssueCounter]?) throws -> any SendingHalf {
    let sockets = try half.destinations.map(connected)
    return try FrameSending(
      half.workload, template: template(half), cpus: end.cpus,
      issued: issued ?? half.workload.issueCounters()
    ) { DatagramSink(sockets[$0]) }
  }

  func receiving(_ half: HalfRequest, issued: [IssueCounter]?) throws -> any ReceivingHalf {
    let template = template(half)
    let sockets = try (0..<half.workload.threads).map(listening)
    return try FrameReceiving(
      half.workload, template: template, threads: sockets.count, cpus: end.cpus, issued: issued,
      ports: sockets.map(\.port)
    ) { DatagramInbox(sockets[$0], bytes: template.bytes.count) }
  }

  func reflecting(_ half: HalfRequest) throws -> any ReflectingHalf {
    let template = template(half)
    let socket = try listening(0)
    return try EchoReflecting(
      EchoReflector(
        from: DatagramInbox(socket, bytes: template.bytes.count), into: DatagramSink(socket),
        forward: template, backward: template), cpu: end.cpus[0], ports: [socket.port])
  }

  func echo(_ half: HalfRequest, reflector: any ReflectingHalf, sleeping: Bool) throws -> any Load {
    let template = template(half)
    let socket = try connected(half.destinations[0])
    let issued = IssueCounter()
    let prober = EchoProber(
      sender: FrameSender(
        into: DatagramSink(socket), template: template, flows: 0..<1, batch: half.workload.batch,
        issued: issued),
      receiver: FrameReceiver(
        from: DatagramInbox(socket, bytes: template.bytes.count), template: template,
        issuers: [issued]))
    return try EchoLoad(
      half.workload, cpu: end.cpus[0], prober: prober, reflector: reflector, sleeping: sleeping)
  }

  private func template(_ half: HalfRequest) -> DatagramTemplate {
    DatagramTemplate(frameBytes: half.frameBytes, run: half.run)
  }

  private func connected(_ address: SocketAddress) throws -> DatagramSocket {
    try DatagramSocket(in: end.endpoint.device.namespace, peer: address)
  }

  private func listening(_ thread: Int) throws -> DatagramSocket {
    try DatagramSocket(in: end.endpoint.device.namespace, port: end.port(thread))
  }
}
