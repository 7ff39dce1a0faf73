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

  @Test func whatWasShownNeedsNoMore() throws {
    let found = try Self.recommend(0.3)
    #expect(found.decision == .change)
    #expect(!found.reason.contains("would take"))
  }
}
