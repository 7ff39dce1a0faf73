import Kernel
import Synchronization
import Testing

@testable import Traffic

@Suite struct ClockOffsetTests {
  /// A question whose ways there and back take so many nanoseconds, far clock `ahead` of ours.
  func ping(at asked: UInt64, there: UInt64, back: UInt64, ahead: Int64) -> ClockOffset.Ping {
    ClockOffset.Ping(
      asked: MonotonicTime(nanoseconds: asked),
      far: MonotonicTime(nanoseconds: (asked + there) &+ UInt64(bitPattern: ahead)),
      answered: MonotonicTime(nanoseconds: asked + there + back))
  }

  @Test(arguments: [0, 1, -1, 12_345_678_901, -12_345_678_901] as [Int64])
  func theErrorIsWithinItsBound(ahead: Int64) {
    for (there, back) in [(0, 0), (100, 100), (1000, 10), (3, 1_000_000), (999, 0)]
      as [(UInt64, UInt64)]
    {
      let asked: UInt64 = 50_000_000_000
      let offset = ClockOffset([ping(at: asked, there: there, back: back, ahead: ahead)])
      #expect(offset.bound == (there + back + 1) / 2)
      let far = MonotonicTime(nanoseconds: (asked + 777) &+ UInt64(bitPattern: ahead))
      let near = Int64(offset.near(far).nanoseconds)
      #expect(abs(near - Int64(asked + 777)) <= Int64(offset.bound))
    }
  }

  @Test func theQuickestAnswerCounts() {
    let offset = ClockOffset([
      ping(at: 1000, there: 5000, back: 90_000, ahead: 40),
      ping(at: 200_000, there: 30, back: 10, ahead: 40),
      ping(at: 300_000, there: 10, back: 7000, ahead: 40),
    ])
    #expect(offset.bound == 20)
    #expect(offset.taken == MonotonicTime(nanoseconds: 200_040))
  }

  /// Answers at once, and counts how often it was asked.
  private final class Clock: TrafficPeer {
    private let count = Mutex(0)
    var questions: Int { count.withLock { $0 } }

    func time() -> MonotonicTime {
      count.withLock { $0 += 1 }
      return .now()
    }

    func call(_ request: TrafficRequest) -> TrafficReply { .done }
  }

  @Test func clocksAreComparedAsWellAsTheWindowNeeds() throws {
    let clock = Clock()
    let machine = try FarMachine(clock)
    let first = clock.questions
    #expect(first > 1)
    try machine.checkClock(within: .max)
    #expect(clock.questions == first)
    // No answer comes in no time: it asks on, and then makes do with the best that came.
    try machine.checkClock(within: 0)
    let second = clock.questions
    #expect(second > 2 * first)
    try machine.checkClock(within: 0)
    #expect(clock.questions == second)
  }

  @Test func aWindowThatIsTooShortForTheClocksDoesNotCount() {
    #expect(Validity.reason(clockBound: 0, window: 0.02) == nil)
    #expect(Validity.reason(clockBound: 0.000_199, window: 0.02) == nil)
    #expect(Validity.reason(clockBound: 0.000_201, window: 0.02)?.contains("clocks") == true)
  }
}
