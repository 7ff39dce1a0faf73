import Testing

@testable import Measurement

/// Against SciPy's `wilcoxon(method="exact")`; with ties against all sign patterns counted out.
@Suite struct RankTests {
  @Test(
    arguments: [
      ([1.1, 2.2, -0.3, 4.4, 0.5, 3.1], 0.0625),
      ([0.3, -0.2, 0.9, 1.4, -0.6, 0.7, 1.8, 0.05], 0.109375),
      ([1, 2, 3], 0.25),
      ([-1.5, 2.5, -3.5, 4.5, -5.5, 6.5, -7.5, 8.5, 9.5, 10.5], 0.275390625),
      ([1, 1, -1, 2, 2, 3, 0], 0.125),
      ([1, 1, 1, 1, -1, -2, 3, 3], 0.265625),
      ([], 1), ([0, 0], 1), ([-1, 1], 1),
    ] as [([Double], Double)])
  func signedRankProbability(differences: [Double], expected: Double) {
    expect(SignedRank.probability(differences), near: expected)
    expect(SignedRank.probability(differences.map { -$0 }), near: expected)
  }

  @Test func manyValuesUseTheNormalDistribution() {
    var generator = SeededGenerator(seed: 3)
    let values = (0..<SignedRank.exactLimit).map { _ in generator.normal() + 0.1 }
    let exact = SignedRank.probability(values)
    let more = SignedRank.probability(values + [0.01])
    #expect(abs(exact - more) < 0.01)
  }

  @Test(
    arguments: [
      (5, nil), (6, 0), (7, 2), (8, 3), (10, 8), (15, 25), (20, 52), (30, 137), (0, nil),
    ] as [(Int, Int?)])
  func criticalValues(count: Int, expected: Int?) {
    #expect(SignedRank.criticalValue(count: count, tail: 0.025) == expected)
  }

  @Test func theDistributionAddsUpToOne() {
    for count in [1, 7, 40] {
      expect(SignedRank.distribution(of: Array(1...count)).reduce(0, +), near: 1)
    }
  }

  @Test func hodgesLehmann() throws {
    let values = [0.21, -0.4, 0.35, 0.1, 0.9, 0.55, -0.05, 0.6]
    let found = try #require(HodgesLehmann(values))
    expect(found.estimate, near: 0.2775)
    let interval = try #require(found.interval)
    expect(interval.lowerBound, near: -0.095)
    expect(interval.upperBound, near: 0.625)
  }

  @Test func hodgesLehmannOfFewValues() throws {
    #expect(HodgesLehmann([]) == nil)
    #expect(try #require(HodgesLehmann([1, 2, 3, 4, 5])).interval == nil)
    #expect(try #require(HodgesLehmann([1, 2, 3, 4, 5, 6])).interval == 1...6)
    #expect(try #require(HodgesLehmann([7])).estimate == 7)
  }

  /// Adjusted by hand: 0.005 × 4, 0.01 × 3, then 0.03 × 2 and 0.04 × 1 raised to it.
  @Test func holm() {
    let adjusted = Holm.adjusted([0.01, 0.04, 0.03, 0.005])
    for (value, expected) in zip(adjusted, [0.03, 0.06, 0.06, 0.02]) {
      expect(value, near: expected)
    }
    #expect(Holm.adjusted([]).isEmpty)
    #expect(Holm.adjusted([0.7, 0.9]) == [1, 1])
  }
}
