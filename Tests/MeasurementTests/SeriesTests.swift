import Measurement
import Testing

@Suite struct SeriesTests {
  @Test func medians() {
    #expect(Series.median([]) == nil)
    #expect(Series.median([3]) == 3)
    #expect(Series.median([9, 1, 5]) == 5)
    #expect(Series.median([4, 1, 3, 2]) == 2.5)
    #expect(Series.median([.greatestFiniteMagnitude, .greatestFiniteMagnitude]) != .infinity)
  }

  @Test func spread() {
    #expect(Series.standardDeviation([1]) == nil)
    #expect(Series.standardDeviation([2, 2, 2]) == 0)
    #expect(Series.standardDeviation([1, 2, 3]) == 1)
    #expect(Series.mean([]) == nil)
  }

  @Test func autocorrelation() throws {
    expect(
      try #require(Series.autocorrelation([1, 3, 2, 5, 4, 6, 8, 7])), near: 0.49404761904761907)
    #expect(Series.autocorrelation([1, 2]) == nil)
    #expect(Series.autocorrelation([4, 4, 4, 4]) == nil)
  }

  @Test func effectiveCount() throws {
    let values: [Double] = [1, 3, 2, 5, 4, 6, 8, 7]
    let rho = 0.49404761904761907
    expect(try #require(Series.effectiveCount(values)), near: 8 * (1 - rho) / (1 + rho))
    #expect(try #require(Series.effectiveCount([1, 9, 2, 8, 1, 9, 2, 8])) > 8)
    #expect(Series.effectiveCount([1, 2]) == nil)
  }

  /// Neighbours that are alike count for less, by as much as the mean varies more.
  @Test func effectiveCountIsThatOfTheMean() throws {
    let parts = VarianceParts(slice: 1, autocorrelation: 0.6, application: 0)
    let rows = SlicePlanTests.blocks(400, of: 300, parts, seed: 3)
    let means = rows.compactMap(Series.mean)
    let deviation = try #require(Series.standardDeviation(means))
    let counts = rows.compactMap(Series.effectiveCount)
    let counted = try #require(Series.median(counts))
    #expect(abs(counted * deviation * deviation - 1) < 0.2, "\(counted)")
  }

  @Test func warmUp() throws {
    var draw = SeededGenerator(seed: 8)
    let steady = (0..<200).map { _ in 100 + draw.normal() }
    #expect(try #require(Series.warmUp(steady)) <= 30)
    let slow = (0..<40).map { 60 + Double($0) + draw.normal() }
    #expect((35...60).contains(try #require(Series.warmUp(slow + steady))))
    #expect(Series.warmUp((0..<200).map { Double($0) }) == nil)
    #expect(Series.warmUp(Array(steady.prefix(19))) == nil)
    #expect(Series.warmUp([Double](repeating: 7, count: 20)) == 0)
  }

  /// The reference values of SplitMix64 for this seed.
  @Test func theGeneratorIsTheSameEverywhere() {
    var generator = SeededGenerator(seed: 1_234_567)
    #expect(
      (0..<3).map { _ in generator.next() } == [
        6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
      ])
  }

  @Test func drawsStayBelowTheirBound() {
    var generator = SeededGenerator(seed: 1)
    var counts = [0, 0, 0]
    for _ in 0..<3000 { counts[Int(generator.below(3))] += 1 }
    #expect(counts.allSatisfy { (900...1100).contains($0) })
    #expect(generator.below(1) == 0)
    #expect(generator.below(.max) < .max)
  }

  @Test func normalNumbers() throws {
    var generator = SeededGenerator(seed: 2)
    let numbers = (0..<4000).map { _ in generator.normal() }
    #expect(abs(try #require(Series.mean(numbers))) < 0.05)
    #expect(abs(try #require(Series.standardDeviation(numbers)) - 1) < 0.05)
  }

  @Test(
    arguments: [
      ("ring.rxx", "ring.rx"), ("troughput_bps", "throughput_bps"), ("MTU", "mtu"), ("zzzzz", nil),
      ("", nil),
    ] as [(String, String?)])
  func nearestNames(written: String, expected: String?) {
    #expect(nearest(to: written, among: ["mtu", "ring.rx", "throughput_bps"]) == expected)
  }
}
