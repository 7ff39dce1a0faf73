package import Kernel

/// Senders of a datapath with nobody who receives: what is measured against other programs, which
/// have none either.
package final class LoneSenders {
  fileprivate let half: any SendingHalf
  fileprivate let issued: [IssueCounter]
  fileprivate let threads: Int

  /// Opens what a validated workload needs at one end.
  ///
  /// - Parameters:
  ///   - peer: where frames are addressed to.
  ///   - cpus: thread `i` takes the `i`-th, and round again.
  package init(
    _ workload: Workload, at endpoint: Endpoint, to peer: MACAddress, cpus: [Int],
    frameBytes: Int
  ) throws {
    issued = workload.issueCounters()
    threads = workload.threads
    half = try LocalEnd(endpoint: endpoint, cpus: cpus, firstPort: 0)
      .opener(workload.datapath)
      .sending(
        HalfRequest(
          role: .sending, device: endpoint.device.name, workload: workload,
          frameBytes: frameBytes, run: 1, peer: peer), issued: issued)
  }

  deinit { half.close() }

  /// Sends for so long.
  package func send(nanoseconds: UInt64) throws -> SendReport {
    _ = try half.begin()
    try half.start(nanoseconds: nanoseconds)
    return try half.finish().1.sent
  }
}

/// Receivers of the frames of ``LoneSenders``.
package final class LoneReceivers {
  private let senders: LoneSenders
  private let half: any ReceivingHalf

  /// - Parameter peer: where frames come from.
  package init(
    _ workload: Workload, at endpoint: Endpoint, from senders: LoneSenders, peer: MACAddress,
    cpus: [Int], frameBytes: Int
  ) throws {
    self.senders = senders
    half = try LocalEnd(endpoint: endpoint, cpus: cpus, firstPort: 0)
      .opener(workload.datapath)
      .receiving(
        HalfRequest(
          role: .receiving, device: endpoint.device.name, workload: workload,
          frameBytes: frameBytes, run: 1, peer: peer), issued: senders.issued)
  }

  deinit { half.close() }

  /// Sends for so long, and receives until all is there or nothing more comes.
  package func receive(nanoseconds: UInt64) throws -> (SendReport, ReceiveReport) {
    try half.start(at: try senders.half.begin(), patience: usualPatience)
    try senders.half.start(nanoseconds: nanoseconds)
    let (end, sent) = try senders.half.finish()
    let received = try half.finish(end)
    try half.park()
    return (sent.sent, received.received)
  }
}
