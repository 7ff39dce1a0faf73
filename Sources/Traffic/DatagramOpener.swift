import Kernel

/// Opens the halves of the `udp` datapath, whose sockets are each one flow and one thread's.
extension HalfOpener {
  func datagramSending(_ half: HalfRequest, issued: [IssueCounter]) throws -> any SendingHalf {
    let sockets = try half.destinations.map(connected)
    return try FrameSending(
      half.workload, template: template(half), cpus: cpus, issued: issued
    ) { DatagramSink(sockets[$0]) }
  }

  func datagramReceiving(_ half: HalfRequest, issued: [IssueCounter]?) throws -> any ReceivingHalf {
    let template = template(half)
    let sockets = try (0..<half.workload.threads).map(listening)
    return try FrameReceiving(
      half.workload, template: template, threads: sockets.count, cpus: cpus, issued: issued,
      ports: sockets.map(\.port)
    ) { DatagramInbox(sockets[$0], bytes: template.bytes.count) }
  }

  func datagramReflecting(_ half: HalfRequest) throws -> any ReflectingHalf {
    let template = template(half)
    let socket = try listening(0)
    return try EchoReflecting(
      EchoReflector(
        from: DatagramInbox(socket, bytes: template.bytes.count), into: DatagramSink(socket),
        forward: template, backward: template), cpu: cpus[0], ports: [socket.port])
  }

  func datagramProber(_ half: HalfRequest) throws -> EchoProber<DatagramSink, DatagramInbox> {
    let template = template(half)
    let socket = try connected(half.destinations[0])
    let issued = IssueCounter()
    return EchoProber(
      sender: FrameSender(
        into: DatagramSink(socket), template: template, flows: 0..<1, batch: half.workload.batch,
        issued: issued),
      receiver: FrameReceiver(
        from: DatagramInbox(socket, bytes: template.bytes.count), template: template,
        issuers: [issued]))
  }

  private func template(_ half: HalfRequest) -> DatagramTemplate {
    DatagramTemplate(frameBytes: half.frameBytes, run: half.run)
  }

  private func connected(_ address: SocketAddress) throws -> DatagramSocket {
    try DatagramSocket(in: endpoint.device.namespace, peer: address)
  }

  private func listening(_ thread: Int) throws -> DatagramSocket {
    try DatagramSocket(in: endpoint.device.namespace, port: port(thread))
  }
}
