import Kernel
import Synchronization
import Testing

@testable import Traffic

/// What a sender books of each answer of a sink.
@Suite struct FrameSenderTests {
  /// Answers as it is told, then takes everything.
  private final class Script: Sendable {
    private let answers: Mutex<[SendOutcome]>
    private let tried = Mutex<[Range<Int>]>([])
    private let waited = Mutex(0)

    init(_ answers: [SendOutcome]) { self.answers = Mutex(answers) }

    var calls: [Range<Int>] { tried.withLock { $0 } }
    var waits: Int { waited.withLock { $0 } }

    func answer(_ frames: Range<Int>) -> SendOutcome {
      tried.withLock { $0.append(frames) }
      return answers.withLock {
        $0.isEmpty ? SendOutcome(accepted: frames.count) : $0.removeFirst()
      }
    }

    func wait() { waited.withLock { $0 += 1 } }
  }

  private struct Sink: FrameSink, ~Copyable {
    let script: Script
    func send(_ batch: borrowing FrameBatch, _ frames: Range<Int>) throws(SystemCallError)
      -> SendOutcome
    {
      script.answer(frames)
    }
    func waitForRoom(milliseconds: Int) { script.wait() }
  }

  private static func report(_ script: Script) throws -> SendReport {
    let template = FrameTemplate(frameBytes: 60, from: .zero, to: .zero, run: 1)
    var sender = FrameSender(
      into: Sink(script: script), template: template, flows: 0..<1, batch: 8,
      issued: IssueCounter())
    sender.begin()
    try sender.offer(8, until: MonotonicTime(nanoseconds: .max))
    return sender.report
  }

  /// The buffer was full in the midst of a batch, and has room when the sender comes again.
  @Test func aFullBufferIsNoRefusal() throws {
    let script = Script([SendOutcome(accepted: 3, obstacle: .full)])
    let report = try Self.report(script)
    #expect(report.offered == 8 && report.refused == 0 && report.waits == 1)
    #expect(script.calls == [0..<8, 3..<8] && script.waits == 1)
  }

  /// The frame was refused, tried again and taken: one refusal, which the qdisc has counted.
  @Test func aRefusalInTheMidstIsOne() throws {
    let report = try Self.report(Script([SendOutcome(accepted: 3)]))
    #expect(report.offered == 8 && report.refused == 1 && report.waits == 0)
  }

  @Test func refusedTwiceIsTwo() throws {
    let script = Script([
      SendOutcome(accepted: 3), SendOutcome(accepted: 0, obstacle: .refused),
    ])
    let report = try Self.report(script)
    #expect(report.offered == 7 && report.refused == 2)
    // Two refusals of one frame.
    #expect(report.tried == 8)
    #expect(script.calls == [0..<8, 3..<8, 4..<8])
  }

  /// The next call finds no room: then there was none before.
  @Test func noRoomAfterAShortCountIsNoRefusal() throws {
    let report = try Self.report(
      Script([SendOutcome(accepted: 3), SendOutcome(accepted: 0, obstacle: .full)]))
    #expect(report.offered == 8 && report.refused == 0 && report.waits == 1)
  }

  /// Nothing is known of a call that took nothing and met nothing: a signal.
  @Test func anInterruptedCallIsTriedAgain() throws {
    let report = try Self.report(Script([SendOutcome(accepted: 0)]))
    #expect(report.offered == 8 && report.refused == 0 && report.waits == 0)
  }
}
