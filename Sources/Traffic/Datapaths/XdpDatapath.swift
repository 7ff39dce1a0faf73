import Kernel

/// AF_XDP sockets, one for each queue: a sending thread has a queue of its own, a receiving one its
/// share of them.
struct XdpDatapath: DatapathOpener {
  let end: LocalEnd

  func sending(_ half: HalfRequest, issued: [IssueCounter]?) throws -> any SendingHalf {
    let device = try device(half, sends: true)
    return try end.sending(half, template: end.template(half, outward: true), issued: issued) {
      try XdpSender(device, queue: $0)
    }
  }

  func receiving(_ half: HalfRequest, issued: [IssueCounter]?) throws -> any ReceivingHalf {
    let device = try device(half, sends: false)
    let queues = try XdpDevice.queues(of: end.endpoint.device).receive
    let threads = min(half.workload.threads, queues)
    return try end.receiving(
      half, template: end.template(half, outward: false), threads: threads, issued: issued
    ) { thread in
      try XdpReceiver(device, queues: Array(stride(from: thread, to: queues, by: threads)))
    }
  }

  func reflecting(_ half: HalfRequest) throws -> any ReflectingHalf {
    let device = try device(half, sends: true)
    return try end.reflecting(
      half, forward: end.template(half, outward: false),
      backward: end.template(half, outward: true), source: try source(device),
      sink: try XdpSender(device, queue: 0))
  }

  func echo(_ half: HalfRequest, reflector: any ReflectingHalf, sleeping: Bool) throws -> any Load {
    let device = try device(half, sends: true)
    return try end.echo(
      half, forward: end.template(half, outward: true),
      backward: end.template(half, outward: false), flows: half.workload.flows,
      reflector: reflector, sleeping: sleeping, source: try source(device),
      sink: try XdpSender(device, queue: 0))
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
