import Kernel
import Testing

@testable import Traffic

@Suite struct PaceTests {
  @Test func theFirstFrameIsDueAtOnce() {
    let pace = Pace(start: MonotonicTime(nanoseconds: 1000), rate: 1e6)
    #expect(pace.due(by: MonotonicTime(nanoseconds: 999)) == 0)
    #expect(pace.due(by: MonotonicTime(nanoseconds: 1000)) == 1)
    #expect(pace.due(by: MonotonicTime(nanoseconds: 1999)) == 1)
    #expect(pace.due(by: MonotonicTime(nanoseconds: 2000)) == 2)
    #expect(pace.time(of: 5).nanoseconds == 6000)
  }

  @Test func aWindowHasAsManyFramesAsItsRateSays() {
    let start = MonotonicTime(nanoseconds: 7)
    #expect(Pace(start: start, rate: 10_000).total(nanoseconds: 20_000_000) == 200)
    #expect(Pace(start: start, rate: 1).total(nanoseconds: 20_000_000) == 1)
    #expect(Pace(start: start, rate: 333_333).total(nanoseconds: 1_000_000_000) == 333_333)
    #expect(Pace(start: start, rate: 10).total(nanoseconds: 0) == 0)
  }

  /// What is due is exactly what has its time behind it, with rates that no clock divides.
  @Test(arguments: [3.0, 977.7, 33_333.3, 1_000_003, 14_880_952])
  func dueAndTimeAgree(rate: Double) {
    let pace = Pace(start: MonotonicTime(nanoseconds: 123_456_789_012), rate: rate)
    var random = SplitMix(state: UInt64(rate))
    for _ in 0..<1000 {
      let moment = pace.start + random.below(10_000_000_000)
      let due = pace.due(by: moment)
      #expect(due > 0 && pace.time(of: due - 1) <= moment)
      #expect(pace.time(of: due) > moment)
    }
  }
}
