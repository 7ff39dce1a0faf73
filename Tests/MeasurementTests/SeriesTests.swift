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
