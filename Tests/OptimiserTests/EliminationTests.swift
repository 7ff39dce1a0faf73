import Foundation
import Measurement
import Optimiser
import Testing

/// What of a winner can go, and how many trials it takes to say.
@Suite struct EliminationTests {
  static let objective = "maximise throughput_bps; effect 2%"

  /// Knobs `k0`… that are on or as they were.
  static func knob(_ number: Int) -> KnobName { KnobName(rawValue: "k\(number)") }

  static func on(_ numbers: Int...) -> Configuration {
    Configuration(Dictionary(uniqueKeysWithValues: numbers.map { (knob($0), .word("on")) }))
  }

  static func campaign(
    knobs: Int, _ strategy: Strategy, rules: [SearchSpace.Rule] = []
  ) throws -> Campaign {
    try Campaign(
      space: SearchSpace(
        (0..<knobs).map {
          .init(knob: knob($0), values: [SearchSpace.untouched, .word("on")])
        }, rules: rules),
      strategy: strategy, objective: Objective(parsing: objective), workloads: ["w"])
  }

  /// All eight together win; two of them matter, the others do so much each.
  private static func eight(others: Double, _ planted: [Configuration: Double]) -> ScriptedBench {
    var effects = planted
    for number in 0..<8 { effects[on(number), default: 0] += others }
    return ScriptedBench(
      objective: objective, effects: effects, blockNoise: 0.0002, sliceNoise: 0.0002)
  }

  private static func ablations(_ bench: inout ScriptedBench) throws -> [TrialRequest] {
    try bench.run(try campaign(knobs: 8, .oneAtATime)).filter { $0.role == .ablate }
  }

  @Test func whatDoesNothingGoesAllAtOnce() throws {
    var bench = Self.eight(others: 0.002, [Self.on(2): 0.04, Self.on(5): 0.08])
    let ablations = try Self.ablations(&bench)
    #expect(ablations.first?.reference.values.count == 8)
    #expect(ablations.map(\.candidate) == [Self.on(2, 5), Self.on(5), Self.on(2)])
    let found = try #require(try bench.recommendation())
    #expect(found.configuration == Self.on(2, 5))
    let dropped = found.knobs.filter { !$0.evidence.isKept }
    #expect(dropped.count == 6)
    #expect(dropped.allSatisfy { $0.evidence == .droppedNoEffect })
    // All of them have the effect of the six together: 1.2 %.
    #expect(Set(dropped.map(\.effect)).count == 1)
    let ratio = try #require(dropped.first?.effect?.ratio)
    #expect(abs(log(ratio) - 0.012) < 0.002)
    let kept = found.knobs.filter(\.evidence.isKept)
    #expect(kept.map(\.evidence) == [.proven, .proven])
    #expect(abs(log(try #require(kept.first?.effect?.ratio)) - 0.042) < 0.002)
  }

  /// Together they do 2.7 %, more than the margin: each half could go, but not both.
  @Test func aGroupThatDoesHarmIsHalved() throws {
    var bench = Self.eight(others: 0.0045, [Self.on(2): 0.04, Self.on(5): 0.08])
    let ablations = try Self.ablations(&bench)
    #expect(ablations.map { $0.reference.values.count } == [8, 8, 5, 2, 2, 8])
    #expect(ablations.map { $0.candidate.values.count } == [2, 5, 2, 1, 1, 2])
    let found = try #require(try bench.recommendation())
    #expect(found.configuration == ablations[1].candidate)
    // What could have gone by itself is not proven to be of use, but stays.
    let evidence = found.knobs.filter(\.evidence.isKept).map(\.evidence)
    #expect(evidence.count { $0 == .proven } == 2 && evidence.count { $0 == .keptUnproven } == 3)
  }

  /// Each of them may go, all of them cost 9 %: whatever goes, the winner loses no more than one may.
  @Test func smallLossesDoNotAddUp() throws {
    var bench = Self.eight(others: 0.013, [Self.on(5): 0.08])
    let ablations = try Self.ablations(&bench)
    let found = try #require(try bench.recommendation())
    #expect(found.configuration.values.count == 7)
    #expect(ablations.last?.reference.values.count == 8)
    #expect(ablations.last?.candidate.values.count == 6)
  }

  /// A rule keeps `k0` from being on without `k1`, which does nothing by itself.
  @Test func whatRulesExcludeIsNotLeftOver() throws {
    let rules: [SearchSpace.Rule] = [.onlyIf(Self.knob(0), Self.knob(1), [.word("on")])]
    let both = Self.on(0, 1)
    let campaign = try Self.campaign(knobs: 2, .grid, rules: rules)
    var bench = ScriptedBench(
      objective: Self.objective, effects: [both: 0.08], blockNoise: 0.0002, sliceNoise: 0.0002)
    let requests = try bench.run(campaign)
    #expect(!requests.contains { $0.candidate == Self.on(0) })
    // It is validated twice, so that the table tells that nothing else was to be measured.
    #expect(requests.filter { $0.role == .validate }.map(\.candidate) == [both, both])
    let found = try #require(try bench.recommendation())
    #expect(found.configuration == both && !found.reason.contains("stopped"))
  }

  /// Two knobs that help only together seem to do nothing each.
  @Test func aGroupDoesNotHideWhatHelpsTogether() throws {
    let pair = Self.on(1, 6)
    var bench = Self.eight(others: 0.001, [pair: 0.06])
    let ablations = try Self.ablations(&bench)
    #expect(ablations.allSatisfy { !$0.candidate.isBaseline })
    #expect(try bench.recommendation()?.configuration == pair)
  }

  @Test func twoKnobsAreAskedOneByOne() throws {
    var bench = ScriptedBench(
      objective: Self.objective, effects: [Self.on(0): 0.08, Self.on(1): 0.001],
      blockNoise: 0.0002, sliceNoise: 0.0002)
    let requests = try bench.run(try Self.campaign(knobs: 2, .oneAtATime))
    #expect(requests.filter { $0.role == .ablate }.allSatisfy { $0.candidate.values.count == 1 })
    #expect(try bench.recommendation()?.configuration == Self.on(0))
  }

  /// Whatever is on record, no knob that stays has the effect of a group.
  @Test func aShortTableSaysWhatItProves() throws {
    var bench = Self.eight(others: 0.0045, [Self.on(2): 0.04, Self.on(5): 0.08])
    _ = try Self.ablations(&bench)
    let last = try #require(bench.records.map(\.trial).max())
    let first = try #require(bench.records.first { $0.role == .validate }?.trial)
    for trial in first..<last {
      let rows = bench.records.filter { $0.trial <= trial }
      let found = try #require(try Recommendation.derive(from: rows).first)
      #expect(found.decision == .change && found.knobs.count == 8)
      #expect(found.knobs.allSatisfy { $0.evidence.isKept })
      let effects = found.knobs.compactMap(\.effect)
      #expect(Set(effects).count == effects.count)
    }
  }

  @Test func whatIsLeftEndsAtNothing() throws {
    let campaign = try Self.campaign(knobs: 8, .oneAtATime)
    var bench = Self.eight(others: 0.0045, [Self.on(2): 0.04, Self.on(5): 0.08])
    while let request = try campaign.next(after: bench.records) {
      let left = try campaign.remaining(after: bench.records)
      #expect(left.trials >= 1 && left.blocks >= request.blocks)
      bench.measure(request, workloads: campaign.workloads)
    }
    #expect(try campaign.remaining(after: bench.records) == Remaining(trials: 0, blocks: 0))
  }
}

extension ScriptedBench {
  /// The noise check and a search that does not learn, without asking what comes next. Whoever asks
  /// then is told if it is not what had to come.
  fileprivate mutating func measureSearch(of campaign: Campaign) {
    let trials =
      [(Role.noise, Configuration.baseline, campaign.budget.noise)]
      + campaign.plan.fixed.map { (Role.search, $0, campaign.budget.search) }
    for (number, (role, candidate, swapPairs)) in trials.enumerated() {
      measure(
        TrialRequest(
          trial: number, role: role, candidate: candidate, reference: .baseline,
          blocks: 2 * swapPairs),
        workloads: campaign.workloads)
    }
  }
}

/// Sweeps of benches of which the truth is known, often enough to count.
@Suite struct PlantedBenchTests {
  private static let seeds = 1...100

  /// Ten knobs, one swap pair with a noise of 1 %.
  private static func sweep(
    _ seed: Int, _ effects: [Configuration: Double]
  ) throws -> Recommendation {
    var bench = ScriptedBench(
      objective: EliminationTests.objective, seed: UInt64(seed), effects: effects, blockNoise: 0,
      sliceNoise: 0.01, samples: 1)
    let strategy = Strategy.random(trials: 20, seed: UInt64(seed))
    let campaign = try EliminationTests.campaign(knobs: 10, strategy)
    bench.measureSearch(of: campaign)
    _ = try bench.run(campaign)
    return try #require(try bench.recommendation())
  }

  @Test func theTwoKnobsThatMatterAreFoundAndNoOthers() throws {
    let planted = EliminationTests.on(3, 7)
    let found = try Self.seeds.map { seed in
      try Self.sweep(seed, [EliminationTests.on(3): 0.04, EliminationTests.on(7): 0.08])
    }
    let exact = found.count { $0.configuration == planted }
    let complete = found.count { Set($0.configuration.names).isSuperset(of: planted.names) }
    #expect(exact >= 85, "\(exact) of \(found.count)")
    #expect(complete >= 95, "\(complete) of \(found.count)")
  }

  @Test func aFlatBenchIsLeftAsItIs() throws {
    let unchanged = try Self.seeds.count { try Self.sweep($0, [:]).decision == .changeNothing }
    #expect(unchanged >= 95, "\(unchanged) of \(Self.seeds.count)")
  }
}
