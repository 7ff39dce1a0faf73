import Kernel

/// One direction of frames: senders and receivers, each on its own thread.
protocol Lane: AnyObject {
  /// Numbers, counters and ears for a new window.
  func begin() throws
  func startReceiving(patience: UInt64)
  func startSending(_ workload: Workload, nanoseconds: UInt64)
  /// Waits for the senders, and tells the receivers what to expect.
  func finishSending() throws
  /// Waits for the receivers.
  func finishReceiving() throws
  func findings() -> Findings
  func park() throws
  func close()
}

/// Nanoseconds without a frame, after the end of sending, that make a path look empty. A ring
/// hands over a block that is not full within two ticks of the kernel, 8 ms at worst.
let usualPatience: UInt64 = 10_000_000

/// The lane of two given kinds of ends.
final class FrameLane<Sink: FrameSink & ~Copyable, Source: FrameSource & ~Copyable>: Lane {
  private var senders: [Worker<FrameSender<Sink>>] = []
  private var receivers: [Worker<FrameReceiver<Source>>] = []
  private let progress = Progress()
  private var cpu: UInt64 = 0

  /// - Parameters:
  ///   - placement: CPUs of senders and receivers of this direction.
  ///   - count: receiving threads; nil for as many as there are sending ones.
  ///   - sink: opens the end of the sending thread of that number.
  ///   - source: opens the end of the receiving thread of that number.
  init(
    _ workload: Workload, template: FrameTemplate, placement: Placement,
    receivers count: Int? = nil,
    sink: (Int) throws -> sending Sink, source: (Int) throws -> sending Source
  ) throws {
    let shares = Self.shares(of: max(workload.flows, workload.threads), by: workload.threads)
    let counters = shares.map { _ in IssueCounter() }
    let issuers = zip(shares, counters).flatMap { share, counter in share.map { _ in counter } }
    do {
      for thread in 0..<(count ?? workload.threads) {
        let receiver = FrameReceiver(
          from: try source(thread), template: template, issuers: issuers)
        receivers.append(
          try Worker("kvmtune-rx\(thread)", on: placement.receiver(thread), receiver))
      }
      for thread in 0..<workload.threads {
        let sender = FrameSender(
          into: try sink(thread), template: template, flows: shares[thread],
          batch: workload.batch, issued: counters[thread])
        senders.append(try Worker("kvmtune-tx\(thread)", on: placement.sender(thread), sender))
      }
    } catch {
      close()
      throw error
    }
  }

  /// Cuts flows 0 ..< `flows` into as many runs, whose lengths differ by one at most.
  static func shares(of flows: Int, by threads: Int) -> [Range<Int>] {
    (0..<threads).map { (flows * $0 / threads)..<(flows * ($0 + 1) / threads) }
  }

  func begin() throws {
    progress.begin()
    cpu = 0
    for sender in senders { sender.with { $0.begin() } }
    for receiver in receivers { try receiver.with { try $0.begin() } }
  }

  func startReceiving(patience: UInt64) {
    let progress = progress
    for receiver in receivers {
      receiver.start { try $0.receive(for: progress, patience: patience) }
    }
  }

  func startSending(_ workload: Workload, nanoseconds: UInt64) {
    let share = workload.rate.map { $0 / Double(senders.count) }
    for (thread, sender) in senders.enumerated() {
      switch workload.kind {
      case .rate:
        guard let share, let rate = workload.rate else {
          preconditionFailure("a rate is validated")
        }
        let phase = UInt64(Double(thread) * 1e9 / rate)
        sender.start { try $0.send(rate: share, phase: phase, nanoseconds: nanoseconds) }
      case .burst:
        let period = share.map { UInt64(Double(workload.burst) * 1e9 / $0) }
        sender.start {
          try $0.burst(length: workload.burst, period: period, nanoseconds: nanoseconds)
        }
      case .flood, .latency, .stream:
        sender.start { try $0.flood(nanoseconds: nanoseconds) }
      }
    }
  }

  func finishSending() throws {
    let result = Result { try senders.map { try $0.finish() } }
    progress.end(offered: senders.map { $0.with { $0.report.offered } }.reduce(0, +))
    cpu += try result.get().reduce(0, +)
  }

  func finishReceiving() throws {
    cpu += try receivers.map { try $0.finish() }.reduce(0, +)
  }

  func findings() -> Findings {
    var sum = Findings()
    for sender in senders {
      let (report, lateness) = sender.with { ($0.report, $0.lateness) }
      sum = sum + Findings(sent: report, lateness: lateness)
    }
    for receiver in receivers {
      let report = receiver.with { $0.report }
      sum = sum + Findings(received: report, overruns: [Source.hop: report.overrun])
    }
    sum.cpu = cpu
    return sum
  }

  func park() throws {
    for receiver in receivers { try receiver.with { try $0.park() } }
  }

  func close() {
    for sender in senders { sender.stop() }
    for receiver in receivers { receiver.stop() }
    senders = []
    receivers = []
  }
}

/// Frames in one direction, or in both at once.
final class FrameLoad: Load {
  private let workload: Workload
  private let lanes: [any Lane]

  init(_ workload: Workload, _ lanes: [any Lane]) {
    self.workload = workload
    self.lanes = lanes
  }

  func run(nanoseconds: UInt64) throws -> Findings {
    for lane in lanes { try lane.begin() }
    for lane in lanes { lane.startReceiving(patience: usualPatience) }
    for lane in lanes { lane.startSending(workload, nanoseconds: nanoseconds) }
    // Every thread is waited for, whatever another one threw.
    let sent = lanes.map { lane in Result { try lane.finishSending() } }
    let received = lanes.map { lane in Result { try lane.finishReceiving() } }
    for result in sent + received { try result.get() }
    return findings()
  }

  func waitOn(patience: UInt64) throws -> Findings {
    for lane in lanes { lane.startReceiving(patience: patience) }
    let received = lanes.map { lane in Result { try lane.finishReceiving() } }
    for result in received { try result.get() }
    return findings()
  }

  func park() throws { for lane in lanes { try lane.park() } }
  func close() { for lane in lanes { lane.close() } }

  private func findings() -> Findings {
    lanes.map { $0.findings() }.reduce(Findings(), +)
  }
}
