import Foundation
import Measurement
import Testing

/// What a noise profile says of benches on which the truth is known.
@Suite struct NoiseProfileTests {
  @Test(arguments: [0.005, 0.02, 0.1]) func theSpreadOfSlicesIsFound(slice: Double) throws {
    let found = try SimulatedNoise(slice: slice).mean(of: \.sliceDeviation)
    #expect((0.93 * slice...1.07 * slice).contains(found))
  }

  @Test(arguments: [0.01, 0.05]) func theSpreadOfApplicationsIsFound(application: Double) throws {
    let bench = SimulatedNoise(slice: 0.005, application: application)
    let found = try bench.mean(of: \.applicationDeviation)
    #expect((0.9 * application...1.1 * application).contains(found))
    // Twins that differ by far more are no noise.
    var other = bench
    other.twinBias = 0.5
    #expect(abs(try other.mean(of: \.applicationDeviation) - found) < 1e-6)
  }

  @Test func whereSlicesExplainAllNothingIsLeftForApplications() throws {
    let found = try SimulatedNoise(slice: 0.02).mean(of: \.applicationDeviation)
    #expect(found < 0.004)
  }

  @Test(arguments: [0.0, 0.3, 0.6]) func autocorrelationIsFound(autocorrelation: Double) throws {
    let found = try SimulatedNoise(autocorrelation: autocorrelation).mean(of: \.autocorrelation)
    #expect(abs(found - autocorrelation) < 0.1, "\(found)")
  }

  @Test func ofAFewPairsABlockNothingIsSaidOfTheirNeighbours() throws {
    #expect(try SimulatedNoise(pairs: 4).workload(seed: 1).autocorrelation == nil)
  }

  @Test func driftIsFound() throws {
    let steady = try SimulatedNoise(level: 0.01).mean { $0.drift?.perMinute }
    #expect(abs(steady) < 0.01)
    let drifting = SimulatedNoise(driftPerMinute: -0.2, level: 0.01)
    let found = try drifting.mean { $0.drift?.perMinute }
    #expect(abs(found + 0.2) < 0.02)
    #expect(try #require(drifting.workload(seed: 1).drift).probability < 0.01)
    // Chance calls it a drift once in twenty.
    let called = try (1...200).count { seed in
      let drift = try SimulatedNoise(level: 0.01).workload(seed: UInt64(seed)).drift
      return try #require(drift).probability < 0.05
    }
    #expect((1...20).contains(called))
  }

  /// Twins cancel what both have in common, whatever it is.
  @Test func driftIsNoNoiseOfPairs() throws {
    let still = try SimulatedNoise().workload(seed: 3)
    let moving = try SimulatedNoise(driftPerMinute: 0.5, level: 0.2).workload(seed: 3)
    let (left, right) = (try #require(still.smallestVisible), try #require(moving.smallestVisible))
    #expect(abs(left / right - 1) < 0.5)
    #expect(try #require(moving.levelDeviation) > 5 * (still.levelDeviation ?? 0))
  }

  @Test func chanceCallsEqualsDifferentAsOftenAsItShould() throws {
    var (called, tests, expected) = (0, 0, 0.0)
    for seed in 1...60 {
      let found = try SimulatedNoise(application: 0.01, autocorrelation: 0.5)
        .workload(seed: UInt64(seed)).falsePositives
      #expect(found.tests == 6)
      called += found.called
      tests += found.tests
      expected += found.expected
    }
    #expect(tests == 360 && abs(expected - 18) < 1e-9)
    #expect((6...32).contains(called), "\(called) of \(tests)")
  }

  @Test func aBenchThatTellsEqualsApartIsCaught() throws {
    let broken = try SimulatedNoise(brokenBias: 0.1).workload(seed: 1)
    #expect(broken.isToldApart)
    #expect(broken.falsePositives.called == broken.falsePositives.tests)
    #expect(try SimulatedNoise().workload(seed: 1).isToldApart == false)
  }

  /// An effect of just that size is found about four times out of five by a trial of that size.
  @Test func theSmallestVisibleEffectIsHonest() throws {
    let bench = SimulatedNoise(application: 0.01)
    let visible = try bench.mean(of: \.smallestVisible)
    var planted = SimulatedNoise(application: 0.01, blocks: 12)
    planted.brokenBias = log1p(visible)
    let found = try (1...300).count { seed in
      let effect = try #require(try planted.workload(seed: 1000 + UInt64(seed)).effect)
      return try #require(effect.probability) < 0.05 && effect.ratio > 1
    }
    #expect((210...270).contains(found), "\(found) of 300")
    #expect(try bench.mean(of: \.smallestVisibleInSearch) > 1.3 * visible)
  }

  /// What is told is enough, and half of the blocks are not.
  @Test(arguments: [0, 1, 2]) func theTimeToSeeAnEffectIsHonest(place: Int) throws {
    let bench = SimulatedNoise(slice: 0.03, application: 0.02, autocorrelation: 0.3)
    let noise = try bench.workload(seed: 7)
    #expect(noise.plans.map(\.effect) == [0.05, 0.02, 0.01])
    let pairs = try #require(noise.plans[place].pairs)
    let blocks = try bench.mean { $0.plans[place].blocks.map(Double.init) }
    func found(_ blocks: Double) throws -> Int {
      var planted = bench
      (planted.blocks, planted.pairs) = (2 * Int(blocks / 2), pairs)
      planted.brokenBias = log1p(noise.plans[place].effect)
      return try (1...100).count { seed in
        let effect = try #require(try planted.workload(seed: 5000 + UInt64(seed)).effect)
        return try #require(effect.probability) < 0.05 && effect.ratio > 1
      }
    }
    #expect((65...95).contains(try found(blocks)))
    #expect(try found(blocks / 2) < 70)
  }

  @Test func theTimeIsThatOfTheBench() throws {
    let noise = try SimulatedNoise(slice: 0.03, application: 0.02).workload(seed: 7)
    for plan in noise.plans {
      let (blocks, pairs) = (try #require(plan.blocks), try #require(plan.pairs))
      let expected = Double(blocks) * (SimulatedNoise.applicationSeconds + Double(pairs) * 0.04)
      let seconds = try #require(plan.seconds)
      #expect(abs(seconds / expected - 1) < 0.2, "\(seconds) s, not \(expected) s")
    }
    let seconds = noise.plans.compactMap(\.seconds)
    #expect(seconds == seconds.sorted() && seconds[0] < seconds[2])
  }

  @Test func whatCannotBeSeenHasNoTime() throws {
    let plans = try SimulatedNoise(application: 400).workload(seed: 1).plans
    let last = try #require(plans.last)
    #expect(plans.count == 3 && last.blocks == nil && last.pairs == nil && last.seconds == nil)
  }

  @Test func aWorkloadIsJudgedByWhatItHas() throws {
    let echo = try SimulatedNoise(metric: .latencyP50).workload(seed: 1)
    #expect(echo.metric == "latency_p50_us")
    #expect(try #require(echo.smallestVisible) > 0)
  }

  @Test func samplesThatDoNotCountSayWhy() throws {
    let none = try SimulatedNoise(blocks: 2, invalidReason: "no frame arrived").workload(seed: 1)
    #expect(none.validPairs == 0 && none.invalidPairs == 24)
    #expect(none.invalidReason == "no frame arrived")
    #expect(none.metric == nil && none.smallestVisible == nil)
    #expect(none.plans.allSatisfy { $0.seconds == nil })
    #expect(none.falsePositives.tests == 0)
  }

  @Test func whatIsWrittenIsReadBack() throws {
    let profile = try SimulatedNoise(application: 0.01).profile(seed: 1)
    let text = try JSONEncoder().encode(profile)
    #expect(try JSONDecoder().decode(NoiseProfile.self, from: text) == profile)
    #expect(profile.blocks == 40)
    #expect(profile.blindest?.workload == "w")
  }
}

@Suite struct HostFitnessTests {
  private static let calm = HostFitness(steal: 0.01, lossAtLowLoad: 0)

  private func objections(
    _ fitness: HostFitness = calm, _ noise: SimulatedNoise = SimulatedNoise(),
    isDifferenceConfirmed: Bool = true
  ) throws -> [String] {
    fitness.objections(try noise.profile(seed: 1), isDifferenceConfirmed: isDifferenceConfirmed)
  }

  @Test func aCalmHostIsFit() throws {
    #expect(try objections() == [])
    #expect(try objections(HostFitness(steal: nil, lossAtLowLoad: nil)) == [])
    #expect(try objections(HostFitness(steal: 0.1, lossAtLowLoad: 0.001)) == [])
  }

  @Test func everyReasonIsToldWithWhatToDo() throws {
    let cases: [(HostFitness, SimulatedNoise, String)] = [
      (
        HostFitness(steal: 0.31, lossAtLowLoad: 0), SimulatedNoise(),
        "the hypervisor took 31 % of the CPU time (25 % at most): "
      ),
      (
        HostFitness(steal: 0, lossAtLowLoad: 0.002), SimulatedNoise(),
        "0.2 % of the frames were lost at a load that nothing should lose: "
      ),
      (Self.calm, SimulatedNoise(level: 1), "w: unsteady, the raw level varies by "),
      (Self.calm, SimulatedNoise(brokenBias: 0.2), "w: default against default differs by 22 %: "),
      (
        Self.calm, SimulatedNoise(invalidReason: "corrupt frames"),
        "w: too few pairs of samples count to compare (corrupt frames): "
      ),
    ]
    for (fitness, noise, beginning) in cases {
      let found = try objections(fitness, noise)
      #expect(found.count == 1 && found[0].hasPrefix(beginning), "\(found)")
    }
  }

  @Test func aSweepAsksTwiceBeforeItBelievesADifference() throws {
    #expect(
      try objections(noise: SimulatedNoise(brokenBias: 0.2), isDifferenceConfirmed: false) == [])
  }

  private func objections(noise: SimulatedNoise, isDifferenceConfirmed: Bool) throws -> [String] {
    try objections(Self.calm, noise, isDifferenceConfirmed: isDifferenceConfirmed)
  }
}
