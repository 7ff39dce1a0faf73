import Kernel

/// Latency: a prober here, a reflector at the far end, on this machine or another.
final class EchoLoad<Sink: FrameSink & ~Copyable, Source: FrameSource & ~Copyable>: Load {
  private let rate: Double
  private let prober: Worker<EchoProber<Sink, Source>>
  private let reflector: any ReflectingHalf
  private let sleeping: Bool
  private let progress = Progress()
  /// CPU nanoseconds of both ends in this window.
  private var cpu: UInt64 = 0

  /// Takes the reflector over: it is closed with this load, or if the prober cannot begin.
  ///
  /// - Parameter sleeping: the reflector waits for frames asleep.
  init(
    _ workload: Workload, cpu: Int, prober near: consuming sending EchoProber<Sink, Source>,
    reflector: any ReflectingHalf, sleeping: Bool
  ) throws {
    guard let rate = workload.rate else { preconditionFailure("a rate is validated") }
    self.rate = rate
    self.reflector = reflector
    self.sleeping = sleeping
    prober = try Worker("kvmtune-probe", on: cpu, near)
  }

  func run(nanoseconds: UInt64) throws -> Findings {
    progress.begin()
    cpu = 0
    return try measure { [rate, progress] prober in
      try prober.begin()
      try prober.probe(rate: rate, nanoseconds: nanoseconds, progress)
      try prober.drain(progress, patience: usualPatience)
    }
  }

  func waitOn(patience: UInt64) throws -> Findings {
    try measure { [progress] prober in try prober.drain(progress, patience: patience) }
  }

  func park() throws {
    try prober.with { try $0.receiver.park() }
    try reflector.park()
  }

  func close() {
    prober.stop()
    reflector.close()
  }

  /// Lets the prober work while the reflector reflects.
  private func measure(
    _ work: @escaping @Sendable (inout EchoProber<Sink, Source>) throws -> Void
  ) throws -> Findings {
    try reflector.start(sleeping: sleeping)
    prober.start(work)
    let near = Result { try prober.finish() }
    let far = Result { try reflector.finish() }
    let used = (near: try near.get(), far: try far.get())
    cpu += used.near + used.far
    return prober.with { [cpu] in
      Findings(
        sent: $0.sender.report, received: $0.receiver.report, cpu: cpu,
        lateness: $0.sender.lateness, roundTrips: $0.roundTrips,
        overruns: [Source.hop: $0.receiver.report.overrun])
    }
  }
}
