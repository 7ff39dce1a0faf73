import Measurement
import Testing

@testable import Optimiser

/// What the one sentence of a recommendation says beyond the decision.
@Suite struct ReasonTests {
  private static let objective = "maximise throughput_bps; effect 2%"

  static func recommend(_ effect: Double) throws -> Recommendation {
    let campaign = try Campaign(
      space: SearchSpace([.init(knob: "mtu", values: [SearchSpace.untouched, .number(9000)])]),
      strategy: .grid, objective: Objective(parsing: objective), workloads: ["w"])
    var bench = ScriptedBench(objective: objective, effects: [nine: effect], blockNoise: 0.03)
    _ = try bench.run(campaign)
    return try #require(try bench.recommendation())
  }

  @Test func whatWasNotShownSaysWhatItWouldTake() throws {
    let found = try Self.recommend(0.035)
    #expect(found.decision == .changeNothing && found.effect?.verdict == .inconclusive)
    let effect = try #require(found.effect?.effect)
    let needed = try #require(
      effect.swapPairsNeeded(margin: 0.02, alpha: ValidationLooks.alpha))
    #expect(needed > effect.swapPairs)
    #expect(needed > effect.swapPairsNeeded(margin: 0.02) ?? .max)
    let clause = ": to tell would take about \(needed) swap pairs, not \(effect.swapPairs)"
    #expect(found.reason.hasSuffix(clause))
  }

  @Test func aTableWithoutASearchIsOfASweepThatWasStopped() throws {
    var bench = ScriptedBench(objective: Self.objective)
    bench.measure(
      TrialRequest(trial: 0, role: .noise, candidate: .baseline, reference: .baseline, blocks: 8),
      workloads: ["w"])
    let found = try #require(try bench.recommendation())
    #expect(found.decision == .changeNothing)
    #expect(found.reason == "the sweep was stopped before its best candidate was validated")
  }

  @Test func aSearchThatCouldHardlyBeCountedSaysSo() throws {
    let objective = try Objective(parsing: Self.objective)
    let space = try SearchSpace([
      .init(knob: "mtu", values: [SearchSpace.untouched, .number(9000)])
    ])
    let campaign = try Campaign(
      space: space, strategy: .grid, objective: objective, workloads: ["w"])
    var bench = ScriptedBench(objective: Self.objective, effects: [nine: 0.5])
    bench.impossible = ["mtu": .number(9000)]
    _ = try bench.run(campaign)
    let found = try #require(try bench.recommendation())
    let invalid = found.search.reduce(0) { $0 + $1.invalidPairs }
    #expect(invalid > 0)
    #expect(
      found.reason.hasSuffix(
        "; \(invalid) of its \(invalid) pairs of samples did not count (invalid_reason)"))
    // One that counted says nothing of it.
    let counted = try Self.recommend(-0.3).reason
    #expect(counted.hasSuffix("harming a workload"))
  }

  @Test func whatWasShownNeedsNoMore() throws {
    let found = try Self.recommend(0.3)
    #expect(found.decision == .change)
    #expect(!found.reason.contains("would take"))
  }
}
