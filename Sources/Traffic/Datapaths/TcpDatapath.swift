import Kernel

/// TCP connections, one for each thread; for `connect` one after the other.
struct TcpDatapath: DatapathOpener {
  let end: LocalEnd

  func sending(_ half: HalfRequest, issued: [IssueCounter]?) throws -> any SendingHalf {
    if half.workload.kind == .connect {
      return try ConnectSending(
        half.workload, in: namespace, to: half.destinations, cpus: end.cpus)
    }
    return StreamSending(
      try meeting(half), threads: half.workload.threads, cpus: end.cpus,
      zerocopy: half.workload.zerocopy)
  }

  func receiving(_ half: HalfRequest, issued: [IssueCounter]?) throws -> any ReceivingHalf {
    if half.workload.kind == .connect {
      let listeners = try (0..<half.workload.threads).map { try listener($0, resetting: true) }
      return try ConnectReceiving(in: namespace, listeners: listeners, cpus: end.cpus)
    }
    return StreamReceiving(try meeting(half), threads: half.workload.threads, cpus: end.cpus)
  }

  func reflecting(_ half: HalfRequest) throws -> any ReflectingHalf {
    try RequestReflecting(half.workload, listener: try listener(0), cpu: end.cpus[0])
  }

  func echo(_ half: HalfRequest, reflector: any ReflectingHalf, sleeping: Bool) throws -> any Load {
    try RequestResponseLoad(
      half.workload, cpu: end.cpus[0],
      socket: try .connect(in: namespace, to: half.destinations[0], milliseconds: 2000),
      responder: reflector)
  }

  /// Connects to the other half if it says where it listens, otherwise listens.
  private func meeting(_ half: HalfRequest) throws -> StreamMeeting {
    if !half.destinations.isEmpty { return .connecting(namespace, half.destinations) }
    return .listening(try (0..<half.workload.threads).map { try listener($0) })
  }

  private var namespace: NetworkNamespace { end.endpoint.device.namespace }

  private func listener(_ thread: Int, resetting: Bool = false) throws -> StreamListener {
    try StreamListener(
      in: namespace, at: SocketAddress(Self.anyAddress, port: end.port(thread)),
      resetting: resetting)
  }

  /// Every address of the namespace: what comes through a forwarder is not for the device's own.
  private static let anyAddress = "0.0.0.0"
}
