import Testing

@testable import Measurement

/// Samples without pairs, and tests by permutation.
@Suite struct TwoSampleTests {
  /// The example of SciPy's manual, and the same with a tie.
  @Test func mannWhitney() throws {
    let exact = try #require(MannWhitney([19, 22, 16, 29, 24], [20, 11, 17, 12]))
    #expect(exact.statistic == 17)
    expect(exact.probability, near: 1.0 / 9)
    let tied = try #require(MannWhitney([19, 22, 16, 29, 24], [20, 11, 19, 12]))
    #expect(tied.statistic == 16.5)
    #expect(tied.probability > exact.probability)
    #expect(MannWhitney([], [1]) == nil)
    #expect(try #require(MannWhitney([5, 5], [5, 5, 5])).probability == 1)
  }

  /// From 21 values on it is the normal distribution, which is close by then.
  @Test func manyValuesUseTheNormalDistribution() throws {
    var generator = SeededGenerator(seed: 5)
    let first = (0..<20).map { _ in generator.normal() }
    let second = (0..<20).map { _ in generator.normal() + 0.7 }
    let exact = try #require(MannWhitney(first, second))
    let more = try #require(MannWhitney(first, second + [0.71]))
    #expect(exact.probability != more.probability)
    #expect(abs(exact.probability - more.probability) < 0.02)
  }

  /// Of the tables for a two-sided test at 0.05.
  @Test(
    arguments: [
      (3, 3, nil), (4, 4, 0), (2, 8, 0), (3, 5, 0), (5, 5, 2), (10, 10, 23), (20, 20, 127),
      (0, 5, nil), (1, 20, nil),
    ] as [(Int, Int, Int?)])
  func criticalValues(first: Int, second: Int, expected: Int?) {
    #expect(MannWhitney.criticalValue(first, second, tail: 0.025) == expected)
    #expect(MannWhitney.criticalValue(second, first, tail: 0.025) == expected)
  }

  @Test func criticalValuesGoOnBeyondTheLimit() throws {
    let exact = try #require(MannWhitney.criticalValue(20, 20, tail: 0.025))
    let normal = try #require(MannWhitney.criticalValue(20, 21, tail: 0.025))
    #expect((exact + 1...exact + 12).contains(normal))
  }

  @Test func everyOrderIsCounted() {
    let counts = MannWhitney.counts(20, 20)
    #expect(counts.reduce(0, +) == 137_846_528_820)
    #expect(counts == counts.reversed())
    #expect(MannWhitney.counts(2, 2) == [1, 1, 2, 1, 1])
    #expect(MannWhitney.counts(7, 3) == MannWhitney.counts(3, 7))
  }

  @Test func shiftOfTwoSamples() throws {
    let found = try #require(HodgesLehmannShift(from: [1, 2, 3, 4], to: [11, 12, 13, 14]))
    #expect(found.estimate == 10)
    #expect(found.interval == 7...13)
    let few = try #require(HodgesLehmannShift(from: [1, 2, 3], to: [1, 2, 3]))
    #expect(few.estimate == 0)
    #expect(few.interval == nil)
    #expect(HodgesLehmannShift(from: [], to: [1]) == nil)
  }

  @Test func signFlipOfTheMostExtremePattern() throws {
    let values = (1...20).map { 0.1 * Double($0) }
    let found = try #require(SignFlip(values))
    #expect(found.upperProbability == 0x1p-20)
    #expect(found.lowerProbability == 1)
    #expect(found.probability == 0x1p-19)
    #expect(SignFlip(values + [1]) == nil)
    #expect(SignFlip([]) == nil)
  }

  /// Against all patterns in turn; equal sums are equal, however they were rounded.
  @Test(
    arguments: [
      [0.1, 0.2, 0.3, -0.3, 0.1, 0.7], [1, -1], [0, 0, 0], [0.5], [3, 1, -2, -2, 4, 4, 1],
      [1e-9, 1e9, -1e9, 0.1],
    ])
  func signFlipIsTheShareOfPatterns(values: [Double]) throws {
    let tenths = values.map { Int(($0 * 10).rounded()) }
    let patterns = (0..<1 << values.count).map { pattern in
      tenths.enumerated().reduce(0) {
        $0 + (pattern >> $1.offset & 1 == 1 ? -$1.element : $1.element)
      }
    }
    let (observed, count) = (tenths.reduce(0, +), Double(patterns.count))
    let found = try #require(SignFlip(tenths.map { Double($0) / 10 }))
    #expect(found.upperProbability == Double(patterns.count { $0 >= observed }) / count)
    #expect(found.lowerProbability == Double(patterns.count { $0 <= observed }) / count)
  }

  /// By hand: 0.005 × 4, 0.01 × 2, 0.03 × 4/3, 0.04, none above the next.
  @Test func benjaminiHochberg() {
    let adjusted = BenjaminiHochberg.adjusted([0.01, 0.04, 0.03, 0.005])
    for (value, expected) in zip(adjusted, [0.02, 0.04, 0.04, 0.02]) {
      expect(value, near: expected)
    }
    #expect(BenjaminiHochberg.adjusted([]).isEmpty)
    #expect(BenjaminiHochberg.adjusted([0.9, 1]) == [1, 1])
  }
}
