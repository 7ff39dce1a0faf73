import Kernel

/// Receivers of frames on this machine.
final class FrameReceiving<Source: FrameSource & ~Copyable>: ReceivingHalf {
  let ports: [UInt16]
  private var receivers: [Worker<FrameReceiver<Source>>] = []
  private let progress = Progress()
  private let issued: [IssueCounter]
  /// Whether the senders move the counters while they send; otherwise we hear of it at the end.
  private let isLive: Bool
  private var cpu: UInt64 = 0
  /// What a thread does in a window: see ``FrameSending``.
  private let work: @Sendable (inout FrameReceiver<Source>, Progress, UInt64) throws -> Void

  /// - Parameters:
  ///   - threads: how many receive.
  ///   - cpus: thread `i` takes the `i`-th, and round again.
  ///   - issued: how far the senders of this machine have got; nil if they are on another.
  ///   - source: opens the end of the thread of that number.
  init(
    _ workload: Workload, template: Source.Template, threads: Int, cpus: [Int],
    issued live: [IssueCounter]?, ports: [UInt16] = [],
    source: (Int) throws -> sending Source
  ) throws {
    let shares = workload.shares
    let issued = live ?? shares.map { _ in IssueCounter() }
    self.issued = issued
    self.ports = ports
    isLive = live != nil
    work = { try $0.receive(for: $1, patience: $2) }
    let issuers = zip(shares, issued).flatMap { share, counter in share.map { _ in counter } }
    do {
      for thread in 0..<threads {
        let receiver = FrameReceiver(
          from: try source(thread), template: template, issuers: issuers)
        receivers.append(
          try Worker("kvmtune-rx\(thread)", on: cpus[thread % cpus.count], receiver))
      }
    } catch {
      close()
      throw error
    }
  }

  func start(at first: [UInt64], patience: UInt64) throws {
    if !isLive { for (counter, number) in zip(issued, first) { counter.limit = number } }
    progress.begin()
    cpu = 0
    for receiver in receivers { try receiver.with { try $0.begin() } }
    if !isLive { for counter in issued { counter.limit = .max } }
    receive(patience)
  }

  func finish(_ end: SendingEnd) throws -> Findings {
    if !isLive { for (counter, number) in zip(issued, end.next) { counter.limit = number } }
    progress.end(offered: end.offered.reduce(0, +))
    let result = Result { try receivers.finishAll() }
    if !isLive { for receiver in receivers { receiver.with { $0.checkLimits() } } }
    cpu += try result.get()
    return findings
  }

  func waitOn(patience: UInt64) throws -> Findings {
    receive(patience)
    cpu += try receivers.finishAll()
    return findings
  }

  private func receive(_ patience: UInt64) {
    for receiver in receivers {
      receiver.start { [progress, work] in try work(&$0, progress, patience) }
    }
  }

  private var findings: Findings {
    var found = Findings(cpu: cpu)
    for receiver in receivers {
      let report = receiver.with { $0.report }
      found = found + Findings(received: report, overruns: [Source.hop: report.overrun])
    }
    return found
  }

  var deliveredSoFar: UInt64? { progress.count }
  var hasFailed: Bool { receivers.contains { $0.hasFailed } }

  func park() throws { for receiver in receivers { try receiver.with { try $0.park() } } }

  func close() {
    progress.end(offered: 0)
    for receiver in receivers { receiver.stop() }
    receivers = []
  }
}
