import Kernel

/// The near end of a latency measurement: sends on a schedule, takes the echoes, and times them,
/// all in one thread that never sleeps.
///
/// Open loop: a frame is sent when it is due, whatever became of the ones before it, and its
/// round trip counts from when it was due. So a frame that had to wait for the prober is as slow as
/// it was late, and one that comes too late to be sent at all counts with the time it has waited,
/// which is less than its round trip would have been: no stall hides what it delayed.
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
    let batch = UInt64(sender.batchFrames)
    let most = max(batch, UInt64(pace.rate * Double(Self.catchUp) / 1e9))
    var next: UInt64 = 0
    while next < total {
      let now = MonotonicTime.now()
      let due = min(pace.due(by: now), total)
      if due > next {
        let first = max(next, due - min(due, most))
        miss(next..<first, pace, late: now, isBooked: false)
        let count = min(due - first, batch)
        let tried = try sender.offer(Int(count), until: now + 1_000_000) {
          pace.time(of: first + UInt64($0))
        }
        next = first + count
        // Those that found no room.
        miss(first + UInt64(tried)..<next, pace, late: .now(), isBooked: true)
      }
      _ = try takeEchoes(waiting: 0, progress)
    }
    sender.account(intended: total, idle: 0, from: pace.start, to: pace.time(of: total))
  }

  /// Nanoseconds of the schedule that a prober catches up on, batch by batch with the echoes taken in
  /// between: a slice of the scheduler, or of the hypervisor's, takes less.
  static var catchUp: UInt64 { 10_000_000 }

  /// Books frames that are not sent any more with the time that they have waited by now.
  ///
  /// - Parameter isBooked: the sender has booked already how late they are.
  private mutating func miss(
    _ frames: Range<UInt64>, _ pace: Pace, late now: MonotonicTime, isBooked: Bool
  ) {
    // A prober that is far behind must not spend its time on this: frames in a row count like the
    // last of them, which waited least.
    let stride = UInt64(frames.count) / Self.missedTimes + 1
    var first = frames.lowerBound
    while first < frames.upperBound {
      let count = min(stride, frames.upperBound - first)
      let waited = now - pace.time(of: first + count - 1)
      roundTrips.record(waited, count: count)
      if !isBooked { sender.skip(count, late: waited) }
      first += count
    }
  }

  /// Times that frames missed at once are told apart by.
  private static var missedTimes: UInt64 { 1000 }

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
