import Kernel

/// AF_XDP sockets, one for each queue: a sending thread has a queue of its own, a receiving one its
/// share of them.
struct XdpDatapath: DatapathOpener {
  let end: LocalEnd

  func sending(_ half: HalfRequest, issued: [IssueCounter]?) throws -> any SendingHalf {
    let device = try device(half, sends: true)
    return try FrameSending(
      half.workload, template: end.template(half, outward: true)(half.frameBytes), cpus: end.cpus,
      issued: issued ?? half.workload.issueCounters()
    ) { try XdpSender(device, queue: $0) }
  }

  func receiving(_ half: HalfRequest, issued: [IssueCounter]?) throws -> any ReceivingHalf {
    let device = try device(half, sends: false)
    let queues = try XdpDevice.queues(of: end.endpoint.device).receive
    let threads = min(half.workload.threads, queues)
    return try FrameReceiving(
      half.workload, template: end.template(half, outward: false)(half.frameBytes),
      threads: threads,
      cpus: end.cpus, issued: issued
    ) { thread in
      try XdpReceiver(device, queues: Array(stride(from: thread, to: queues, by: threads)))
    }
  }

  func reflecting(_ half: HalfRequest) throws -> any ReflectingHalf {
    let device = try device(half, sends: true)
    return try EchoReflecting(
      EchoReflector(
        from: try source(device), into: try XdpSender(device, queue: 0),
        forward: end.template(half, outward: false)(half.frameBytes),
        backward: end.template(half, outward: true)(half.frameBytes)), cpu: end.cpus[0])
  }

  func echo(_ half: HalfRequest, reflector: any ReflectingHalf, sleeping: Bool) throws -> any Load {
    let device = try device(half, sends: true)
    let flows = 0..<half.workload.flows
    let issued = IssueCounter()
    let prober = EchoProber(
      sender: FrameSender(
        into: try XdpSender(device, queue: 0),
        template: end.template(half, outward: true)(half.frameBytes),
        flows: flows,
        batch: half.workload.batch, issued: issued),
      receiver: FrameReceiver(
        from: try source(device), template: end.template(half, outward: false)(half.frameBytes),
        issuers: flows.map { _ in issued }))
    return try EchoLoad(
      half.workload, cpu: end.cpus[0], prober: prober, reflector: reflector, sleeping: sleeping)
  }

  /// All the queues, for one thread.
  private func source(_ device: XdpDevice) throws -> XdpReceiver {
    let queues = try XdpDevice.queues(of: end.endpoint.device).receive
    return try XdpReceiver(device, queues: Array(0..<queues))
  }

  /// The device, whose queues the other half of a workload that goes both ways uses, too.
  private func device(_ half: HalfRequest, sends: Bool) throws -> XdpDevice {
    let workload = half.workload
    let isShared = workload.direction == .both || workload.kind.isRoundTrip
    guard half.frameBytes <= XdpDevice.frameLimit else {
      throw refusal(
        half,
        "a frame of \(half.frameBytes) bytes; xdp carries \(XdpDevice.frameLimit), what is "
          + "left of a page")
    }
    guard end.endpoint.tap == nil else {
      throw refusal(half, "xdp has a device at each end, not a phantom guest; take lab veth")
    }
    let device = end.endpoint.device
    let queues = try XdpDevice.queues(of: device)
    if sends && workload.threads > queues.transmit {
      throw refusal(
        half,
        "\(workload.threads) threads want as many queues, and \(device.name) sends on "
          + "\(queues.transmit); set channels, or take fewer threads")
    }
    if queues.receive == 0 { throw refusal(half, "\(device.name) has no queues") }
    return try XdpDevice.shared(
      device,
      XdpDevice.Settings(
        frameBytes: half.frameBytes, zerocopy: workload.zerocopy, sends: sends || isShared,
        receives: !sends || isShared, port: FrameLayout.magicPort))
  }

  private func refusal(_ half: HalfRequest, _ reason: String) -> WorkloadError {
    WorkloadError(workload: half.workload.name, reason: reason)
  }
}
