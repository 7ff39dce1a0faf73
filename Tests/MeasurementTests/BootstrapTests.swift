import Foundation
import Measurement
import Testing

@Suite struct BootstrapTests {
  static func mean(_ values: [Double]) -> Double { Series.mean(values) ?? 0 }

  @Test func theSeedDecides() throws {
    let values = (1...12).map { log(Double($0)) }
    let found = Bootstrap(values, seed: 1, statistic: Self.mean)
    #expect(found == Bootstrap(values, seed: 1, statistic: Self.mean))
    #expect(found != Bootstrap(values, seed: 2, statistic: Self.mean))
    expect(try #require(found).estimate, near: Self.mean(values))
  }

  @Test func nothingIsKnownOfOne() {
    #expect(Bootstrap([1.0], seed: 1, statistic: Self.mean) == nil)
    #expect(Bootstrap([3.0, 3], seed: 1, statistic: Self.mean)?.interval == 3...3)
  }

  @Test func anEstimateOutsideItsReplicatesHasNoInterval() {
    let jackknife = [1.0, 2, 3]
    #expect(Bootstrap.interval(9, replicates: [1, 2, 3], jackknife: jackknife) == nil)
    #expect(Bootstrap.interval(0, replicates: [1, 2, 3], jackknife: jackknife) == nil)
    #expect(Bootstrap.interval(2, replicates: [1, 2, 3], jackknife: jackknife) != nil)
    #expect(Bootstrap.interval(2, replicates: [], jackknife: jackknife) == nil)
  }

  /// Without bias and acceleration these are plain percentiles.
  @Test func symmetricReplicates() throws {
    let replicates = (-500...500).map { Double($0) / 500 }
    let found = try #require(
      Bootstrap.interval(0, replicates: replicates.shuffled(), jackknife: [-1, 0, 1]))
    expect(found.lowerBound, near: -0.95)
    expect(found.upperBound, near: 0.95)
    let wide = try #require(
      Bootstrap.interval(0, replicates: replicates, jackknife: [-1, 0, 1], confidence: 0.99))
    expect(wide.upperBound, near: 0.99)
  }

  /// Whole blocks are drawn: slices that all say the same add nothing.
  @Test func unitsAreDrawnWhole() throws {
    // Sums of whole numbers are exact in whatever order.
    let single = (1...8).map { [Double($0 * $0)] }
    let repeated = single.map { Array(repeating: $0[0], count: 50) }
    func centre(_ blocks: [[Double]]) -> Double { Self.mean(blocks.flatMap { $0 }) }
    let few = try #require(Bootstrap(single, seed: 4, statistic: centre)?.interval)
    let many = try #require(Bootstrap(repeated, seed: 4, statistic: centre)?.interval)
    expect(many.lowerBound, near: few.lowerBound)
    expect(many.upperBound, near: few.upperBound)
  }

  /// Of the mean of skewed values, where symmetric intervals fail.
  @Test func intervalsCoverTheTruth() throws {
    let hits = try (1...300).count { seed in
      var draw = SeededGenerator(seed: UInt64(seed))
      let values = (0..<30).map { _ in -log(1 - draw.unit()) }
      let found = Bootstrap(values, seed: UInt64(seed), draws: 500, statistic: Self.mean)
      return try #require(found?.interval).contains(1)
    }
    #expect((270...296).contains(hits), "\(hits)")
  }
}
