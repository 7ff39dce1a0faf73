package import Kernel
import Synchronization

/// How far a sender has got: every sequence number it has used is below ``limit``.
package final class IssueCounter: Sendable {
  private let value = Atomic<UInt64>(0)
  package init() {}
  package var limit: UInt64 {
    get { value.load(ordering: .acquiring) }
    set { value.store(newValue, ordering: .releasing) }
  }
}

/// What a sender did in one window of measurement.
package struct SendReport: Sendable, Codable {
  /// Frames that the schedule asked for; nil without one.
  package var intended: UInt64?
  /// Frames that were handed to the kernel, whatever it made of them.
  package var tried: UInt64 = 0
  /// Frames that the kernel accepted.
  package var offered: UInt64 = 0
  /// Times that the kernel refused a frame at once (`ENOBUFS`), as its queueing discipline counts
  /// them: a frame at which a call stopped short is tried once more, and may be refused twice.
  package var refused: UInt64 = 0
  /// Times that the socket's buffer was full (`EAGAIN`).
  package var waits: UInt64 = 0
  /// Just before the first frame and just after the last.
  package var first: MonotonicTime?
  package var last: MonotonicTime?
  /// Nanoseconds spent waiting for the schedule on the CPU: no work of the path.
  package var idle: UInt64 = 0

  package init() {}

  package static func + (left: SendReport, right: SendReport) -> SendReport {
    var sum = left
    sum.intended = [left.intended, right.intended].compactMap { $0 }.reduce(nil) { ($0 ?? 0) + $1 }
    sum.tried += right.tried
    sum.offered += right.offered
    sum.refused += right.refused
    sum.waits += right.waits
    sum.first = [left.first, right.first].compactMap { $0 }.min()
    sum.last = [left.last, right.last].compactMap { $0 }.max()
    sum.idle += right.idle
    return sum
  }
}

/// One thread's sending end: frames numbered flow by flow, in turn.
package struct FrameSender<Sink: FrameSink & ~Copyable>: ~Copyable {
  package var sink: Sink
  package private(set) var report = SendReport()
  /// Nanoseconds by which frames missed their schedule.
  package private(set) var lateness = TimeHistogram()
  /// Frames of one call.
  package let batchFrames: Int

  private var batch: FrameBatch
  private let template: Sink.Template
  private let flows: Range<Int>
  private let issued: IssueCounter
  /// Sequence number and flow of the next frame.
  private var round: UInt64 = 0
  private var turn = 0
  /// Where in the cycle of sizes the next frame stands: the batch begins with a whole cycle and
  /// goes on far enough for a full one from any place.
  private var place = 0
  private let cycle: Int
  /// Frames that go together, all of one flow; all counts and the batch are multiples of it.
  package let unit: Int

  /// - Parameter flows: the flows of this sender and of no other; not empty.
  package init(
    into sink: consuming Sink, template: Sink.Template, flows: Range<Int>, batch: Int,
    issued: IssueCounter
  ) {
    precondition(!flows.isEmpty)
    self.sink = sink
    self.template = template
    self.flows = flows
    self.issued = issued
    unit = self.sink.unit
    let batch = max(1, batch / unit) * unit
    batchFrames = batch
    let sizes = template.sizes
    cycle = sizes.count
    self.batch = FrameBatch(
      capacity: batch + cycle - 1, sizes: sizes, changing: template.changing)
    for index in 0..<self.batch.capacity { self.batch.withFrame(index) { template.fill(&$0) } }
  }

  /// Begins a window of measurement: every flow goes on from the same number.
  package mutating func begin() {
    report = SendReport()
    lateness.reset()
    if turn > 0 {
      turn = 0
      round += 1
    }
    issued.limit = upcoming
  }

  /// The number that every flow begins the next window with; all that were used are below it.
  package var upcoming: UInt64 { (turn > 0 ? round + 1 : round) * UInt64(unit) }

  /// Sends `count` frames, at most a batch, each tried once unless `deadline` comes first.
  ///
  /// - Parameter intended: when the frame number `n` of these was to be sent; nil for now.
  /// - Returns: how many were tried.
  @discardableResult
  package mutating func offer(
    _ count: Int, until deadline: MonotonicTime, intended: ((Int) -> MonotonicTime)? = nil
  ) throws -> Int {
    let now = MonotonicTime.now()
    stamp(count, now: now, intended: intended)
    if report.first == nil { report.first = now }
    var tried = 0
    var wasShort = false
    while tried < count {
      let outcome = try sink.send(batch, (place + tried)..<(place + count))
      // A short count hides why the next frame was not taken. If the buffer was full, the sink has
      // said so; else, unless there is no room now, it was refused, and this was its second try.
      if wasShort && outcome.obstacle != .full { report.refused += UInt64(unit) }
      tried += outcome.accepted
      report.offered += UInt64(outcome.accepted)
      report.waits += UInt64(outcome.waits)
      wasShort = outcome.obstacle == nil && outcome.accepted > 0
      guard let obstacle = outcome.obstacle else { continue }
      switch obstacle {
      case .refused:
        tried += unit
        report.refused += UInt64(unit)
        OSThread.giveWay()
      case .full:
        report.waits += 1
        sink.waitForRoom(milliseconds: 1)
      }
      if MonotonicTime.now() >= deadline { break }
    }
    report.tried += UInt64(tried)
    let position = turn + (unit == 1 ? tried : tried / unit)
    round += UInt64(position / flows.count)
    turn = position % flows.count
    if cycle > 1 { place = (place + tried) % cycle }
    report.last = .now()
    return tried
  }

  /// Books frames that are due, but are not sent any more.
  mutating func skip(_ count: UInt64, late nanoseconds: UInt64) {
    lateness.record(nanoseconds, count: count)
  }

  /// Waits for what the sink still holds; the window ends after that, and not before its schedule.
  package mutating func drain() throws {
    if try sink.drain(), let last = report.last { report.last = max(last, .now()) }
  }

  /// Says how many frames the schedule asked for, and how long the sender waited for it.
  ///
  /// - Parameters:
  ///   - start: of the schedule.
  ///   - end: of the schedule, which is the window's unless the last frame was late: `n` frames at a
  ///     rate take `n` intervals, not one less. Of several senders that share one, each ends an
  ///     interval of all of them after its own last frame, so that the last one ends the schedule.
  package mutating func account(
    intended: UInt64, idle: UInt64, from start: MonotonicTime, to end: MonotonicTime
  ) {
    report.intended = intended
    report.idle = idle
    guard let first = report.first, let last = report.last else { return }
    report.first = min(first, start)
    report.last = max(last, end)
  }

  private mutating func stamp(
    _ count: Int, now: MonotonicTime, intended: ((Int) -> MonotonicTime)?
  ) {
    precondition(count <= batchFrames)
    if unit > 1 { return stampTogether(count, now: now, intended: intended) }
    var stamp = FrameStamp(
      flow: flows.lowerBound + turn, sequence: round, intended: now, sent: now)
    issued.limit = round + UInt64((turn + count) / flows.count) + 1
    // Held here, so that not every frame takes hold of its parts and lets them go.
    let template = template
    for index in 0..<count {
      if let due = intended?(index) {
        lateness.record(now - due)
        stamp.setTimes(intended: due, sent: now)
      }
      let imprint = template.imprint(stamp, bytes: batch.bytes(of: place + index))
      batch.withFrame(place + index) { imprint.write(into: &$0) }
      stamp.flow += 1
      if stamp.flow == flows.upperBound {
        stamp.flow = flows.lowerBound
        stamp.sequence += 1
      }
    }
  }

  /// Numbers frame after frame of one flow, `unit` of them, then goes on with the next flow.
  private mutating func stampTogether(
    _ count: Int, now: MonotonicTime, intended: ((Int) -> MonotonicTime)?
  ) {
    precondition(count % unit == 0)
    issued.limit = (round + UInt64((turn + count / unit) / flows.count) + 1) * UInt64(unit)
    for index in 0..<count {
      let position = turn + index / unit
      let sequence = (round + UInt64(position / flows.count)) * UInt64(unit)
      let due = intended?(index) ?? now
      if intended != nil { lateness.record(now - due) }
      let stamp = FrameStamp(
        flow: flows.lowerBound + position % flows.count,
        sequence: sequence + UInt64(index % unit), intended: due, sent: now)
      batch.withFrame(index) { template.write(stamp, into: &$0) }
    }
  }
}
