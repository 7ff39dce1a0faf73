import Kernel

/// TCP connections, one for each thread.
struct TcpDatapath: DatapathOpener {
  let end: LocalEnd

  func sending(_ half: HalfRequest, issued: [IssueCounter]?) throws -> any SendingHalf {
    StreamSending(try meeting(half), threads: half.workload.threads, cpus: end.cpus)
  }

  func receiving(_ half: HalfRequest, issued: [IssueCounter]?) throws -> any ReceivingHalf {
    StreamReceiving(try meeting(half), threads: half.workload.threads, cpus: end.cpus)
  }

  func reflecting(_ half: HalfRequest) throws -> any ReflectingHalf {
    throw WorkloadError(workload: half.workload.name, reason: "is not here yet")
  }

  func echo(_ half: HalfRequest, reflector: any ReflectingHalf, sleeping: Bool) throws -> any Load {
    throw WorkloadError(workload: half.workload.name, reason: "is not here yet")
  }

  /// Connects to the other half if it says where it listens, otherwise listens.
  private func meeting(_ half: HalfRequest) throws -> StreamMeeting {
    let namespace = end.endpoint.device.namespace
    if !half.destinations.isEmpty { return .connecting(namespace, half.destinations) }
    return .listening(
      try (0..<half.workload.threads).map { thread in
        try StreamListener(
          in: namespace, at: SocketAddress(Self.anyAddress, port: end.port(thread)))
      })
  }

  /// Every address of the namespace: what comes through a forwarder is not for the device's own.
  private static let anyAddress = "0.0.0.0"
}
