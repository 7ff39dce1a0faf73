import Kernel

/// Halves of frames: of one size, or of a mix of sizes if the workload has one.
///
/// `template` makes the template of a frame of so many bytes, `sink` and `source` open the end of
/// the thread of that number.
extension LocalEnd {
  func sending<Sink: FrameSink & ~Copyable>(
    _ half: HalfRequest, template: (Int) -> Sink.Template, issued: [IssueCounter]?,
    sink: (Int) throws -> sending Sink
  ) throws -> any SendingHalf {
    let issued = issued ?? half.workload.issueCounters()
    guard let cycle = half.workload.frame.cycle else {
      return try FrameSending(
        half.workload, template: template(half.frameBytes), cpus: cpus, issued: issued, sink: sink)
    }
    return try FrameSending(
      half.workload, template: MixedTemplate(cycle, template), cpus: cpus, issued: issued
    ) { MixedSink(try sink($0)) }
  }

  func receiving<Source: FrameSource & ~Copyable>(
    _ half: HalfRequest, template: (Int) -> Source.Template, threads: Int,
    issued: [IssueCounter]?, ports: [UInt16] = [], source: (Int) throws -> sending Source
  ) throws -> any ReceivingHalf {
    guard let cycle = half.workload.frame.cycle else {
      return try FrameReceiving(
        half.workload, template: template(half.frameBytes), threads: threads, cpus: cpus,
        issued: issued, ports: ports, source: source)
    }
    return try FrameReceiving(
      half.workload, template: MixedTemplate(cycle, template), threads: threads, cpus: cpus,
      issued: issued, ports: ports
    ) { MixedSource(try source($0)) }
  }

  func reflecting<Source: FrameSource & ~Copyable, Sink: FrameSink & ~Copyable>(
    _ half: HalfRequest, forward: (Int) -> Sink.Template, backward: (Int) -> Sink.Template,
    ports: [UInt16] = [], source: consuming sending Source, sink: consuming sending Sink
  ) throws -> any ReflectingHalf where Source.Template == Sink.Template {
    guard let cycle = half.workload.frame.cycle else {
      return try EchoReflecting(
        EchoReflector(
          from: source, into: sink, forward: forward(half.frameBytes),
          backward: backward(half.frameBytes)), cpu: cpus[0], ports: ports)
    }
    return try EchoReflecting(
      EchoReflector(
        from: MixedSource(source), into: MixedSink(sink), forward: MixedTemplate(cycle, forward),
        backward: MixedTemplate(cycle, backward)), cpu: cpus[0], ports: ports)
  }

  func echo<Source: FrameSource & ~Copyable, Sink: FrameSink & ~Copyable>(
    _ half: HalfRequest, forward: (Int) -> Sink.Template, backward: (Int) -> Source.Template,
    flows: Int, reflector: any ReflectingHalf, sleeping: Bool, source: consuming sending Source,
    sink: consuming sending Sink
  ) throws -> any Load {
    let issued = IssueCounter()
    let issuers = (0..<flows).map { _ in issued }
    guard let cycle = half.workload.frame.cycle else {
      let prober = EchoProber(
        sender: FrameSender(
          into: sink, template: forward(half.frameBytes), flows: 0..<flows,
          batch: half.workload.batch, issued: issued),
        receiver: FrameReceiver(
          from: source, template: backward(half.frameBytes), issuers: issuers))
      return try EchoLoad(
        half.workload, cpu: cpus[0], prober: prober, reflector: reflector, sleeping: sleeping)
    }
    let prober = EchoProber(
      sender: FrameSender(
        into: MixedSink(sink), template: MixedTemplate(cycle, forward), flows: 0..<flows,
        batch: half.workload.batch, issued: issued),
      receiver: FrameReceiver(
        from: MixedSource(source), template: MixedTemplate(cycle, backward), issuers: issuers))
    return try EchoLoad(
      half.workload, cpu: cpus[0], prober: prober, reflector: reflector, sleeping: sleeping)
  }

  /// What is in front of the super-frames of one direction of a half.
  func superFrameHeader(_ half: HalfRequest, outward: Bool) -> SuperFrameHeader {
    SuperFrameHeader(
      frameBytes: half.frameBytes, segments: half.workload.segments,
      from: outward ? endpoint.address : half.peer, to: outward ? half.peer : endpoint.address)
  }

  /// Whole frames of so many bytes in one direction of a half.
  func template(_ half: HalfRequest, outward: Bool) -> (Int) -> FrameTemplate {
    { bytes in
      FrameTemplate(
        frameBytes: bytes, from: outward ? endpoint.address : half.peer,
        to: outward ? half.peer : endpoint.address, run: half.run)
    }
  }
}
