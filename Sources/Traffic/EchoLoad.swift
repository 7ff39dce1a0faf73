import Kernel

/// Latency: a prober at the near end, a reflector at the far one.
final class EchoLoad<
  Sink: FrameSink & ~Copyable, Source: FrameSource & ~Copyable,
  FarSource: FrameSource & ~Copyable, FarSink: FrameSink & ~Copyable
>: Load {
  private let rate: Double
  private let prober: Worker<EchoProber<Sink, Source>>
  private let reflector: Worker<EchoReflector<FarSource, FarSink>>
  private let progress = Progress()
  private let stop = StopFlag()
  private let sharesCPU: Bool

  init(
    rate: Double, placement: Placement,
    prober near: consuming sending EchoProber<Sink, Source>,
    reflector far: consuming sending EchoReflector<FarSource, FarSink>
  ) throws {
    self.rate = rate
    sharesCPU = placement.sender(0) == placement.receiver(0)
    let prober = try Worker("kvmtune-probe", on: placement.sender(0), near)
    do {
      reflector = try Worker("kvmtune-echo", on: placement.receiver(0), far)
    } catch {
      prober.stop()
      throw error
    }
    self.prober = prober
  }

  func run(nanoseconds: UInt64) throws -> Findings {
    progress.begin()
    try reflector.with { try $0.begin() }
    try prober.with { try $0.begin() }
    return try measure { [rate, progress] prober in
      try prober.probe(rate: rate, nanoseconds: nanoseconds, progress)
      try prober.drain(progress, patience: usualPatience)
    }
  }

  func waitOn(patience: UInt64) throws -> Findings {
    try measure { [progress] prober in try prober.drain(progress, patience: patience) }
  }

  func park() throws {
    try prober.with { try $0.receiver.park() }
    try reflector.with { try $0.park() }
  }

  func close() {
    prober.stop()
    reflector.stop()
  }

  /// Lets the prober work while the reflector reflects.
  private func measure(
    _ work: @escaping @Sendable (inout EchoProber<Sink, Source>) throws -> Void
  ) throws -> Findings {
    stop.clear()
    reflector.start { [stop, sharesCPU] in try $0.reflect(until: stop, sleeping: sharesCPU) }
    prober.start(work)
    let near = Result { try prober.finish() }
    stop.set()
    let far = Result { try reflector.finish() }
    _ = (try near.get(), try far.get())
    return prober.with {
      Findings(
        sent: $0.sender.report, received: $0.receiver.report, lateness: $0.sender.lateness,
        roundTrips: $0.roundTrips, overruns: [Source.hop: $0.receiver.report.overrun])
    }
  }
}
