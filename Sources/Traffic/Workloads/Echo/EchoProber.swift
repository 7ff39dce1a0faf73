import Kernel

/// The near end of a latency measurement: sends on a schedule, takes the echoes, and times them,
/// all in one thread that never sleeps.
///
/// Open loop: a frame is sent when it is due, whatever became of the ones before it, and its
/// round trip counts from when it was due.
struct EchoProber<Sink: FrameSink & ~Copyable, Source: FrameSource & ~Copyable>: ~Copyable {
  var sender: FrameSender<Sink>
  var receiver: FrameReceiver<Source>
  /// Nanoseconds from the intended time of a frame to the arrival of its echo.
  private(set) var roundTrips = TimeHistogram()

  init(sender: consuming FrameSender<Sink>, receiver: consuming FrameReceiver<Source>) {
    self.sender = sender
    self.receiver = receiver
  }

  mutating func begin() throws {
    roundTrips.reset()
    sender.begin()
    try receiver.begin()
  }

  mutating func probe(rate: Double, nanoseconds: UInt64, _ progress: Progress) throws {
    defer { progress.end(offered: sender.report.offered) }
    let pace = Pace(start: .now(), rate: rate)
    let total = pace.total(nanoseconds: nanoseconds)
    var next: UInt64 = 0
    while next < total {
      let now = MonotonicTime.now()
      let due = min(pace.due(by: now), total)
      if due > next {
        let first = max(next, due - min(due, UInt64(sender.batchFrames)))
        try sender.offer(Int(due - first), until: now + 1_000_000) {
          pace.time(of: first + UInt64($0))
        }
        next = due
      }
      _ = try takeEchoes(waiting: 0, progress)
    }
    sender.account(intended: total, idle: 0, pace: pace)
  }

  /// Takes echoes until all are there, or none has come for `patience` nanoseconds.
  mutating func drain(_ progress: Progress, patience: UInt64) throws {
    var last = MonotonicTime.now()
    let latest = last + FrameReceiver<Source>.longestDrain
    while !progress.isComplete || receiver.report.duplicated > 0 {
      if try takeEchoes(waiting: 1, progress) > 0 { last = .now() }
      let now = MonotonicTime.now()
      if now - last > patience || now > latest { break }
    }
    try receiver.takeOverrun()
  }

  private mutating func takeEchoes(waiting milliseconds: Int, _ progress: Progress) throws
    -> UInt64
  {
    try receiver.take(waiting: milliseconds, progress) { stamp, time in
      roundTrips.record(stamp.age(at: time))
    }
  }
}
