import Testing

@testable import Report

@Suite struct TimeBarsTests {
  @Test func timesFallIntoStepsOfOneTwoFive() {
    let bars = TimeBars([(999, 1), (1000, 2), (1999, 3), (2000, 4), (4999, 5), (12_000, 6)])
    let found = bars.steps.map { [$0.from, $0.to, $0.count] }
    #expect(
      found == [
        [0, 1000, 1], [1000, 2000, 5], [2000, 5000, 9], [5000, 10_000, 0], [10_000, 20_000, 6],
      ])
  }

  @Test func theScaleBeginsAtTheShortestTime() {
    let bars = TimeBars([(3_000_000, 1), (100_000_000_000, 1)])
    #expect(bars.steps.first?.from == 2_000_000)
    #expect(bars.steps.last?.to == 200_000_000_000)
    #expect(bars.steps.map(\.count).reduce(0, +) == 2)
    #expect(TimeBars([]).steps.isEmpty && TimeBars([]).text() == "")
  }

  @Test func barsAreAsLongAsTheirShare() {
    let text = TimeBars([(1000, 40), (2000, 20), (20_000, 1), (200_000, 40_000)]).text(width: 60)
    #expect(
      text == """
           1 us …    2 us     40  ▏
           2 us …    5 us     20  ▏
           5 us …   10 us      0
          10 us …   20 us      0
          20 us …   50 us      1  ▏
          50 us …  100 us      0
         100 us …  200 us      0
         200 us …  500 us  40000  █████████████████████████████

        """)
  }
}
