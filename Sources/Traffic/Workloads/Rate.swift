import Kernel

extension FrameSender where Sink: ~Copyable {
  /// Sends frames on an absolute schedule for so many nanoseconds.
  ///
  /// A sender that was held up catches up on what was due in the last ``catchUp`` nanoseconds, and
  /// on one batch at least: of what is due, the rest is skipped and counts as intended only. Frames
  /// of a super-frame are due together, with the first.
  ///
  /// - Parameters:
  ///   - rate: frames per second of all senders that share the schedule.
  ///   - turn: which of them this is, from 0: they take turns, frame by frame.
  package mutating func send(
    rate: Double, turn: Int = 0, of senders: Int = 1, nanoseconds: UInt64
  ) throws {
    let unit = unit
    /// From one sender's frame to the next one's.
    let interval = Double(unit) * 1e9 / rate
    let pace = Pace(
      start: .now() + UInt64(Double(turn) * interval), rate: rate / Double(senders * unit))
    let total = pace.total(nanoseconds: nanoseconds)
    let deadline = pace.start + nanoseconds
    let batch = UInt64(batchFrames / unit)
    let most = max(batch, UInt64(pace.rate * Double(Self.catchUp) / 1e9))
    var next: UInt64 = 0
    var idle: UInt64 = 0
    while next < total {
      idle += pace.time(of: next).spinUntil()
      let due = min(pace.due(by: .now()), total)
      next = max(next, due - min(due, most))
      let first = next
      let count = min(due - first, batch)
      try offer(Int(count) * unit, until: deadline + Self.overtime) {
        pace.time(of: first + UInt64(unit == 1 ? $0 : $0 / unit))
      }
      next += count
    }
    let end = total == 0 ? pace.start : pace.time(of: total - 1) + UInt64(interval)
    account(intended: total * UInt64(unit), idle: idle, from: pace.start, to: end)
  }

  /// Nanoseconds of a schedule that a sender catches up on in one go: a timer's tick or an interrupt
  /// takes less, and a queue of a thousand frames holds it at a million frames a second.
  private static var catchUp: UInt64 { 1_000_000 }

  /// Nanoseconds that the last frames of a schedule may take to find room.
  private static var overtime: UInt64 { 10_000_000 }
}

extension MonotonicTime {
  /// Sleeps until shortly before this moment, then spins: exact to a clock reading.
  ///
  /// - Returns: nanoseconds of CPU time spun away, which no path has cost.
  func spinUntil() -> UInt64 {
    let begin = MonotonicTime.now()
    if begin >= self { return 0 }
    if self - begin > Self.spin { MonotonicTime(nanoseconds: nanoseconds - Self.spin).sleepUntil() }
    let used = MonotonicTime.threadCPU()
    while MonotonicTime.now() < self {}
    return MonotonicTime.threadCPU() - used
  }

  /// A sleeping thread wakes this many nanoseconds late at most, most of the time.
  private static let spin: UInt64 = 150_000
}
