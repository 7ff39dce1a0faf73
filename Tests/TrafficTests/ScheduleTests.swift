import Kernel
import Testing

@testable import Traffic

/// What a schedule comes to: how long it took, and what became of the frames that were late.
@Suite struct ScheduleTests {
  /// Takes everything; stands still once, before it takes anything.
  private struct Sink: FrameSink, ~Copyable {
    var stall: UInt64 = 0
    /// There is never any room.
    var isFull = false

    mutating func send(_ batch: borrowing FrameBatch, _ frames: Range<Int>)
      throws(SystemCallError) -> SendOutcome
    {
      if stall > 0 { (MonotonicTime.now() + stall).sleepUntil() }
      stall = 0
      return isFull
        ? SendOutcome(accepted: 0, obstacle: .full) : SendOutcome(accepted: frames.count)
    }
    func waitForRoom(milliseconds: Int) {}
    func drain() -> Bool { true }
  }

  /// Nothing ever comes.
  private struct Silence: FrameSource, ~Copyable {
    static var hop: String { "nothing" }
    func setListening(_ on: Bool) {}
    func receive(waiting milliseconds: Int, _ body: (RawSpan, MonotonicTime) -> Void) -> Int { 0 }
    func takeDrops() -> UInt64 { 0 }
  }

  private static let template = FrameTemplate(frameBytes: 60, from: .zero, to: .zero, run: 1)

  private static func sender(into sink: consuming Sink = Sink()) -> FrameSender<Sink> {
    FrameSender(
      into: sink, template: template, flows: 0..<1, batch: 64, issued: IssueCounter())
  }

  private static func run(_ task: SendingTask) throws -> SendReport {
    var sender = Self.sender()
    sender.begin()
    try sender.run(task)
    return sender.report
  }

  private static func window(_ report: SendReport) throws -> UInt64 {
    try #require(report.last) - (try #require(report.first))
  }

  /// A sink that has to be waited for is empty before the schedule ends.
  @Test func framesAtARateTakeTheirIntervals() throws {
    let report = try Self.run(.rate(1000, turn: 0, of: 1, nanoseconds: 20_000_000))
    #expect(report.intended == 20)
    #expect(try Self.window(report) >= 20_000_000)
  }

  /// Two threads take turns: each ends with the other's next frame, not with its own.
  @Test func aSharedScheduleEndsOnce() throws {
    // The window is longer if the last frame was late, which is no fault of the schedule.
    for turn in 0..<2 {
      let windows = try (0..<20).map { _ in
        let report = try Self.run(.rate(1000, turn: turn, of: 2, nanoseconds: 20_000_000))
        #expect(report.intended == 10)
        return try Self.window(report)
      }
      #expect(windows.min() == 19_000_000)
    }
  }

  @Test func burstsTakeTheirPeriods() throws {
    let report = try Self.run(.burst(length: 8, period: 5_000_000, nanoseconds: 20_000_000))
    let bursts = try #require(report.intended) / 8
    #expect(try bursts > 0 && Self.window(report) >= bursts * 5_000_000)
  }

  // MARK: Round trips

  private static func probe(_ sink: consuming Sink, rate: Double) throws -> (
    sent: SendReport, lateness: UInt64, roundTrips: TimeHistogram
  ) {
    var prober = EchoProber(
      sender: sender(into: sink),
      receiver: FrameReceiver(
        from: Silence(), template: template, issuers: [IssueCounter()]))
    let progress = Progress()
    progress.begin()
    try prober.begin()
    try prober.probe(rate: rate, nanoseconds: 20_000_000, progress)
    return (prober.sender.report, prober.sender.lateness.count, prober.roundTrips)
  }

  /// Of 2000 frames that a stall delays, half were due longer ago than a prober catches up on: they
  /// are not sent, and are in the times all the same. So is every other one, when it comes back.
  @Test func noStallHidesWhatItDelayed() throws {
    let found = try Self.probe(Sink(stall: 50_000_000), rate: 100_000)
    #expect(found.sent.intended == 2000)
    #expect(found.sent.offered >= 1000 && found.sent.offered < 1100, "\(found.sent)")
    #expect(found.sent.offered + found.roundTrips.count == 2000)
    #expect(found.lateness == 2000)
  }

  @Test func whatFindsNoRoomIsInTheTimes() throws {
    let found = try Self.probe(Sink(isFull: true), rate: 100_000)
    #expect(found.sent.offered == 0 && found.sent.intended == 2000)
    #expect(found.roundTrips.count == 2000 && found.lateness == 2000)
  }
}
