import Foundation
import Measurement
import Testing

/// Made-up benches on which the truth is known: whether intervals and verdicts keep what they
/// promise. 400 seeds, always the same.
@Suite struct SimulationTests {
  /// A bench as measured ones are: twins that differ by far more than the effect, an own deviation
  /// for every application of the settings, slices that resemble their neighbours, and a wild slice
  /// now and then.
  struct Bench {
    var effect = 0.0
    var twinBias = 0.05
    var blockNoise = 0.01
    var sliceNoise = 0.02
    var autocorrelation = 0.6
    var swapPairs = 6

    func effect(seed: UInt64) throws -> Effect {
      var noise = SeededGenerator(seed: seed)
      let blocks = (0..<2 * swapPairs).map { block in
        let bias = block.isMultiple(of: 2) ? twinBias : -twinBias
        let level = effect + bias + blockNoise * noise.normal()
        var slice = noise.normal()
        return (0..<15).map { _ in
          slice =
            autocorrelation * slice
            + (1 - autocorrelation * autocorrelation).squareRoot() * noise.normal()
          let wild = noise.unit() < 0.03 ? -0.7 : 0
          return exp(level + sliceNoise * slice + wild)
        }
      }
      let rows = ComparisonTests.rows(blocks)
      let trial = try #require(try Evidence(rows).trials.first)
      return try #require(PairedComparison(trial, .throughput, workload: "w").effect)
    }
  }

  /// Up to 6.5 % of 400 (26): a rate of exactly 5 % gives more in one case out of twelve.
  static let mostErrors = 26

  @Test(arguments: [
    Bench(), Bench(swapPairs: 3), Bench(autocorrelation: 0.95), Bench(blockNoise: 0.05),
    Bench(effect: 0.1), Bench(effect: -0.3, blockNoise: 0.002),
  ])
  func intervalsCoverTheTruth(bench: Bench) throws {
    let misses = try (1...400).count { seed in
      let interval = try #require(try bench.effect(seed: UInt64(seed)).interval)
      return !(interval.lower...interval.upper).contains(exp(bench.effect))
    }
    #expect(misses <= Self.mostErrors)
    #expect(misses >= 4, "intervals as wide as this are of no use")
  }

  /// 2,000 sweeps with drift and autocorrelation: 95 % is 95 %, neither less nor more.
  @Test(arguments: [
    SimulatedSweep(), SimulatedSweep(wandering: 0.02, autocorrelation: 0.9, swapPairs: 3),
    SimulatedSweep(effect: 0, trend: -0.003, applicationNoise: 0.003, swapPairs: 4, slices: 40),
  ])
  func ninetyFivePerCentIsNinetyFive(sweep: SimulatedSweep) throws {
    let hits = try (1...2000).count { seed in
      let interval = try #require(sweep.effect(seed: UInt64(seed))?.interval)
      return (interval.lower...interval.upper).contains(exp(sweep.effect))
    }
    #expect((1860...1940).contains(hits), "\(hits) of 2000")
  }

  /// Default against default, judged without a margin: the worst case for false findings.
  @Test func equalSidesAreSeldomToldApart() throws {
    let found = try (1...400).count { seed in
      let verdict = Verdict(try Bench().effect(seed: UInt64(seed)), .maximise, margin: 0)
      return verdict == .better || verdict == .worse
    }
    #expect(found <= Self.mostErrors)
  }

  @Test func equalSidesAreNeverBetterByTheMargin() throws {
    let found = try (1...400).count { seed in
      Verdict(try Bench().effect(seed: UInt64(seed)), .maximise, margin: 0.02) == .better
    }
    #expect(found == 0)
  }

  /// A search of 20 that do nothing: one false finding at most in 5 % of the searches.
  @Test func aFamilyOfEqualsIsSeldomToldApart() throws {
    let searches = 100
    let found = try (0..<searches).count { search in
      let effects = try (0..<20).map { try Bench().effect(seed: UInt64(1000 + search * 20 + $0)) }
      let adjusted = Holm.adjusted(effects.compactMap(\.probability))
      return zip(effects, adjusted).contains { effect, probability in
        let verdict = Verdict(effect, .maximise, margin: 0, adjustedProbability: probability)
        return verdict == .better || verdict == .worse
      }
    }
    #expect(found <= 9)
  }

  @Test func plantedEffectsAreFound() throws {
    let found = try (1...100).count { seed in
      Verdict(try Bench(effect: 0.06).effect(seed: UInt64(seed)), .maximise, margin: 0.02)
        == .better
    }
    #expect(found >= 95)
    let worse = try (1...100).count { seed in
      Verdict(try Bench(effect: -0.06).effect(seed: UInt64(seed)), .maximise, margin: 0.02)
        == .worse
    }
    #expect(worse >= 95)
  }

  /// The smallest visible effect is found about four times out of five, as it says.
  @Test func theSmallestVisibleEffectIsHonest() throws {
    let visible = try #require(
      Series.median((1...100).compactMap { try? Bench().effect(seed: $0).smallestVisible }))
    var bench = Bench()
    bench.effect = log(1 + visible)
    let found = try (1...400).count { seed in
      Verdict(try bench.effect(seed: UInt64(seed)), .maximise, margin: 0) == .better
    }
    #expect((270...370).contains(found))
  }
}
