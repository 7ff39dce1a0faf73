import Kernel
import Synchronization

/// The far end of a latency measurement: sends every frame of ours back where it came from.
struct EchoReflector<Source: FrameSource & ~Copyable, Sink: FrameSink & ~Copyable>: ~Copyable
where Source.Template == Sink.Template {
  private var source: Source
  private var sink: Sink
  private var batch: FrameBatch
  private let forward: Sink.Template
  private let backward: Sink.Template
  /// Frames of several sizes come.
  private let isMixed: Bool

  /// Frames that are sent back with one call.
  private static var batchFrames: Int { 64 }

  /// - Parameters:
  ///   - forward: the frames that come.
  ///   - backward: the same from the other end; they differ in the hardware addresses alone.
  init(
    from source: consuming Source, into sink: consuming Sink, forward: Sink.Template,
    backward: Sink.Template
  ) {
    self.source = source
    self.sink = sink
    self.forward = forward
    self.backward = backward
    isMixed = forward.sizes.count > 1
    batch = FrameBatch(capacity: Self.batchFrames, frameBytes: forward.bytes.count)
  }

  /// Throws away what is there and listens.
  mutating func begin() throws {
    while try source.receive(waiting: 0, { _, _ in }) > 0 {}
    try source.setListening(true)
  }

  func park() throws { try source.setListening(false) }

  /// Sends frames back until told to stop; one that is refused is lost.
  ///
  /// - Parameter sleeping: wait for frames in poll(2), where the prober needs the same CPU;
  ///   otherwise look again and again, so that no wake-up of ours is in the round trip.
  mutating func reflect(until stop: StopFlag, sleeping: Bool) throws {
    while !stop.isSet {
      var count = 0
      var seen = 0
      var last: Int?
      _ = try source.receive(waiting: sleeping ? 1 : 0) { frame, _ in
        defer { seen += 1 }
        guard count < batch.capacity, case .ours = forward.classify(frame) else { return }
        if isMixed { batch.resize(count, to: frame.byteCount) }
        batch.withFrame(count) {
          $0.copy(from: frame)
          backward.writeAddresses(into: &$0)
        }
        last = seen
        count += 1
      }
      if let last { source.answer(to: last) }
      try send(count, until: stop)
    }
  }

  /// Sends the first frames of the batch, all but those that are refused; what has no room when it
  /// is told to stop, too.
  private mutating func send(_ count: Int, until stop: StopFlag) throws {
    var tried = 0
    while tried < count {
      let outcome = try sink.send(batch, tried..<count)
      tried += outcome.accepted
      switch outcome.obstacle {
      case .refused: tried += 1
      case .full:
        if stop.isSet { return }
        sink.waitForRoom(milliseconds: 1)
      case nil: break
      }
    }
  }
}

/// Tells a thread that its work is over.
final class StopFlag: Sendable {
  private let value = Atomic<Bool>(false)
  var isSet: Bool { value.load(ordering: .acquiring) }
  func set() { value.store(true, ordering: .releasing) }
  func clear() { value.store(false, ordering: .releasing) }
}
