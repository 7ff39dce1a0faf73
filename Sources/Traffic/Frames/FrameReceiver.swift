package import Kernel
import Synchronization

/// What the threads of one direction tell each other while they measure.
package final class Progress: Sendable {
  private let delivered = Atomic<UInt64>(0)
  private let offered = Atomic<UInt64>(.max)
  private let ended = Atomic<UInt64>(0)

  package init() {}

  package func begin() {
    delivered.store(0, ordering: .releasing)
    offered.store(.max, ordering: .releasing)
  }

  /// Receivers: so many more frames have arrived, each counted once.
  package func deliver(_ count: UInt64) { delivered.add(count, ordering: .acquiringAndReleasing) }

  /// Frames that have arrived so far.
  package var count: UInt64 { delivered.load(ordering: .acquiring) }

  /// Senders have ended, and this is all that will come.
  package func end(offered count: UInt64) {
    ended.store(MonotonicTime.now().nanoseconds, ordering: .releasing)
    offered.store(count, ordering: .releasing)
  }

  /// When the senders ended; nil while they send.
  package var end: MonotonicTime? {
    offered.load(ordering: .acquiring) == .max
      ? nil : MonotonicTime(nanoseconds: ended.load(ordering: .acquiring))
  }

  /// Whether as many frames have arrived as the kernel accepted.
  package var isComplete: Bool {
    delivered.load(ordering: .acquiring) >= offered.load(ordering: .acquiring)
  }
}

/// What a receiver counted in one window of measurement.
package struct ReceiveReport: Sendable, Hashable, Codable {
  /// Frames of ours, each counted once.
  package var delivered: UInt64 = 0
  /// Bytes of these, from the Ethernet header on, without FCS.
  package var bytes: UInt64 = 0
  package var duplicated: UInt64 = 0
  package var reordered: UInt64 = 0
  package var corrupt: UInt64 = 0
  package var foreign: UInt64 = 0
  /// Frames that were sent before the window, or too far behind to be told apart.
  package var late: UInt64 = 0
  /// Frames that our own socket had no room for.
  package var overrun: UInt64 = 0
  /// Arrival of the last frame of ours.
  package var last: MonotonicTime?

  package init() {}

  package static func + (left: ReceiveReport, right: ReceiveReport) -> ReceiveReport {
    var sum = left
    sum.delivered += right.delivered
    sum.bytes += right.bytes
    sum.duplicated += right.duplicated
    sum.reordered += right.reordered
    sum.corrupt += right.corrupt
    sum.foreign += right.foreign
    sum.late += right.late
    sum.overrun += right.overrun
    sum.last = [left.last, right.last].compactMap { $0 }.max()
    return sum
  }
}

/// One thread's receiving end: tells its frames apart and counts them.
///
/// Every receiver of a direction knows all of its flows. A flow keeps to one receiver, as the
/// kernel hands out frames by flow; a frame doubled on its way to two receivers would count twice.
package struct FrameReceiver<Source: FrameSource & ~Copyable>: ~Copyable {
  package var source: Source
  package private(set) var report = ReceiveReport()

  private let template: Source.Template
  private var trackers: [FlowTracker]
  private let issuers: [IssueCounter]
  /// For each flow a number that its sender has got to, so that not every frame asks it.
  private var limits: [UInt64]

  /// - Parameter issuers: for each flow, how far its sender has got.
  package init(from source: consuming Source, template: Source.Template, issuers: [IssueCounter]) {
    self.source = source
    self.template = template
    self.issuers = issuers
    trackers = issuers.map { _ in FlowTracker() }
    limits = issuers.map { _ in 0 }
  }

  /// Begins a window of measurement, after the senders have: throws away what is there and
  /// listens.
  package mutating func begin() throws {
    while try source.receive(waiting: 0, { _, _ in }) > 0 {}
    _ = try source.takeDrops()
    for flow in trackers.indices {
      limits[flow] = issuers[flow].limit
      trackers[flow].begin(at: limits[flow])
    }
    report = ReceiveReport()
    try source.setListening(true)
  }

  /// Stops listening; cheap until the next ``begin()``.
  package mutating func park() throws { try source.setListening(false) }

  /// Receives until all is there, or nothing of ours has come for `patience` nanoseconds since
  /// the senders ended, or ``longestDrain`` is over.
  package mutating func receive(for progress: Progress, patience: UInt64) throws {
    var last = MonotonicTime.now()
    while true {
      if try take(waiting: 1, progress, { _, _ in }) > 0 { last = .now() }
      guard let end = progress.end else { continue }
      // Where frames come twice, one more may follow the last.
      if progress.isComplete && report.duplicated == 0 { break }
      let now = MonotonicTime.now()
      if now - max(last, end) > patience || now - end > Self.longestDrain { break }
    }
    try takeOverrun()
  }

  /// Told at last how far the senders got: a number beyond that was never sent, so its frame is not
  /// as it was.
  package mutating func checkLimits() {
    for flow in trackers.indices where trackers[flow].next > issuers[flow].limit {
      report.corrupt += 1
    }
  }

  /// Adds what our own socket had no room for to the report.
  package mutating func takeOverrun() throws { report.overrun += try source.takeDrops() }

  /// Takes what is there, and gives `body` the frames of ours that came for the first time.
  ///
  /// - Returns: how many those were.
  package mutating func take(
    waiting milliseconds: Int, _ progress: Progress,
    _ body: (FrameStamp, MonotonicTime) -> Void
  ) throws -> UInt64 {
    var count = report
    let before = count.delivered
    // Held here, so that not every frame takes hold of its parts and lets them go.
    let template = template
    _ = try source.receive(waiting: milliseconds) { frame, time in
      switch template.classify(frame) {
      case .foreign: count.foreign += 1
      case .corrupt: count.corrupt += 1
      case .ours(let stamp):
        guard stamp.flow < trackers.count else {
          count.foreign += 1
          return
        }
        if stamp.sequence >= limits[stamp.flow] {
          limits[stamp.flow] = issuers[stamp.flow].limit
          guard stamp.sequence < limits[stamp.flow] else {
            count.foreign += 1
            return
          }
        }
        switch trackers[stamp.flow].note(stamp.sequence) {
        case .duplicate: count.duplicated += 1
        case .late: count.late += 1
        case .reordered:
          count.reordered += 1
          fallthrough
        case .inOrder:
          count.delivered += 1
          count.bytes += UInt64(frame.byteCount + Source.Template.headerBytes)
          count.last = time
          body(stamp, time)
        }
      }
    }
    report = count
    let new = count.delivered - before
    if new > 0 { progress.deliver(new) }
    return new
  }

  /// Nanoseconds after the end of sending that frames are waited for at most.
  package static var longestDrain: UInt64 { 1_000_000_000 }
}
