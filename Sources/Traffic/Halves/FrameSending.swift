import Kernel

/// Senders of frames on this machine.
final class FrameSending<Sink: FrameSink & ~Copyable>: SendingHalf {
  let ports: [UInt16] = []
  private let workload: Workload
  private var senders: [Worker<FrameSender<Sink>>] = []
  /// What a thread does in a window. Closed over where the sink's type is known, so that all of it
  /// is compiled for that sink; the methods of a generic class are not.
  private let work: @Sendable (inout FrameSender<Sink>, SendingTask) throws -> Void

  /// - Parameters:
  ///   - cpus: thread `i` takes the `i`-th, and round again.
  ///   - issued: how far each thread has got; receivers on this machine look at it.
  ///   - sink: opens the end of the thread of that number.
  init(
    _ workload: Workload, template: Sink.Template, cpus: [Int], issued: [IssueCounter],
    sink: (Int) throws -> sending Sink
  ) throws {
    self.workload = workload
    work = { try $0.run($1) }
    do {
      for (thread, flows) in workload.shares.enumerated() {
        let sender = FrameSender(
          into: try sink(thread), template: template, flows: flows, batch: workload.batch,
          issued: issued[thread])
        senders.append(
          try Worker("kvmtune-tx\(thread)", on: cpus[thread % cpus.count], sender))
      }
    } catch {
      close()
      throw error
    }
  }

  func begin() -> [UInt64] {
    senders.map { sender in
      sender.with {
        $0.begin()
        return $0.upcoming
      }
    }
  }

  func start(nanoseconds: UInt64) {
    for (thread, sender) in senders.enumerated() {
      let task: SendingTask
      switch workload.kind {
      case .rate:
        guard let rate = workload.rate else { preconditionFailure("a rate is validated") }
        task = .rate(rate, turn: thread, of: senders.count, nanoseconds: nanoseconds)
      case .burst:
        let length = workload.burst
        let period = workload.rate.map { UInt64(Double(length * senders.count) * 1e9 / $0) }
        task = .burst(length: length, period: period, nanoseconds: nanoseconds)
      case .flood, .latency, .stream, .requestResponse, .connect:
        task = .flood(nanoseconds: nanoseconds)
      }
      sender.start { [work] in try work(&$0, task) }
    }
  }

  var hasFailed: Bool { senders.contains { $0.hasFailed } }

  func finish() throws -> (SendingEnd, Findings) {
    let cpu = try senders.finishAll()
    var found = Findings(cpu: cpu)
    for sender in senders {
      found =
        found + sender.with { Findings(sent: $0.report, lateness: $0.lateness) }
    }
    let end = SendingEnd(
      offered: senders.map { $0.with { $0.report.offered } },
      next: senders.map { $0.with { $0.upcoming } })
    return (end, found)
  }

  func park() {}

  func close() {
    for sender in senders { sender.stop() }
    senders = []
  }
}

/// What a sending thread is to do in a window.
enum SendingTask: Sendable {
  case flood(nanoseconds: UInt64)
  case rate(Double, turn: Int, of: Int, nanoseconds: UInt64)
  case burst(length: Int, period: UInt64?, nanoseconds: UInt64)
}

extension FrameSender where Sink: ~Copyable {
  mutating func run(_ task: SendingTask) throws {
    switch task {
    case .flood(let nanoseconds): try flood(nanoseconds: nanoseconds)
    case .rate(let rate, let turn, let senders, let nanoseconds):
      try send(rate: rate, turn: turn, of: senders, nanoseconds: nanoseconds)
    case .burst(let length, let period, let nanoseconds):
      try burst(length: length, period: period, nanoseconds: nanoseconds)
    }
    try drain()
  }
}
