import Foundation
import Measurement
import Optimiser
import Testing

/// A candidate without hope costs one swap pair, and costs nobody else anything.
@Suite struct EarlyDropTests {
  private static func blocks(_ bench: ScriptedBench, of candidate: Configuration) -> Set<Int> {
    Set(bench.records.filter { $0.role == .search && $0.requested == candidate }.map(\.block))
  }

  private static let whole = Set(0..<2 * CampaignTests.budget.search)

  @Test func itEndsAfterOneSwapPairAndNothingElseChanges() throws {
    var (spared, full) = (CampaignTests.bench(), CampaignTests.bench())
    try spared.sweep(try CampaignTests.campaign())
    _ = try full.run(try CampaignTests.campaign())
    #expect(Self.blocks(spared, of: shaped) == [0, 1])
    #expect(Self.blocks(full, of: shaped) == Self.whole)
    #expect(Self.blocks(spared, of: nine) == Self.whole)
    #expect(spared.records.count < full.records.count)
    let (first, second) = (
      try #require(try spared.recommendation()), try #require(try full.recommendation())
    )
    #expect(first.configuration == nine)
    #expect(first.knobs == second.knobs && first.checks == second.checks)
    #expect(first.effect == second.effect && first.reason == second.reason)
    let dropped = try #require(first.search.first { $0.configuration == shaped })
    #expect(dropped.outcome == .measured && dropped.effect?.swapPairs == 1)
    #expect(dropped.verdict == .inconclusive && dropped.adjustedProbability == nil)
    #expect(try #require(dropped.effect?.ratio) < 0.7)
  }

  /// What was dropped was asked about all the same.
  @Test func itCountsInTheCorrection() throws {
    var bench = CampaignTests.bench()
    try bench.sweep(try CampaignTests.campaign())
    let search = try #require(try bench.recommendation()).search
    let best = try #require(
      search.min { $0.effect?.probability ?? 2 < $1.effect?.probability ?? 2 })
    let asked = Double(search.count { $0.effect != nil })
    let probability = try #require(best.effect?.probability)
    #expect(try #require(best.adjustedProbability) == min(1, probability * asked))
  }

  /// Killed after every single block, and in the middle of one: the same rows, the same bytes.
  @Test func resumingIsReplaying() throws {
    let space = try SearchSpace([
      .init(knob: "mtu", values: [SearchSpace.untouched, .number(9000)]),
      .init(
        knob: "qdisc", values: [SearchSpace.untouched, .word("fq"), .word("tbf rate 1gbit")]),
    ])
    let campaign = try Campaign(
      space: space, strategy: .grid, objective: Objective(parsing: CampaignTests.objective),
      workloads: ["large", "small"])
    var whole = CampaignTests.bench()
    try whole.sweep(campaign)
    #expect(Self.blocks(whole, of: shaped) == [0, 1])
    let records = try CampaignTests.bench().recordsOfKills(campaign)
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let expected = try encoder.encode(try Recommendation.derive(from: whole.records))
    var generator = SeededGenerator(seed: 4)
    for rows in [records, records.shuffled(using: &generator)] {
      #expect(try encoder.encode(try Recommendation.derive(from: rows)) == expected)
    }
  }

  @Test func whatSurelyBreaksABoundIsDropped() throws {
    var bench = CampaignTests.bench()
    bench.latencyEffects = [nine: 0.3]
    try bench.sweep(try CampaignTests.campaign())
    #expect(Self.blocks(bench, of: nine) == [0, 1])
    let found = try #require(try bench.recommendation())
    #expect(found.decision == .changeNothing)
    let dropped = try #require(found.search.first { $0.configuration == nine })
    #expect(dropped.constraints.contains { $0.status == .unproven && $0.valueBreaks })
    bench = CampaignTests.bench()
    bench.loss = [nine: 0.01]
    try bench.sweep(try CampaignTests.campaign())
    #expect(Self.blocks(bench, of: nine) == [0, 1])
    #expect(try bench.recommendation()?.decision == .changeNothing)
  }

  /// Neither a small loss nor a bound that is barely broken, nor a loss within the noise.
  @Test func whatMayYetComeOutWellIsMeasuredToTheEnd() throws {
    var bench = CampaignTests.bench()
    bench.effects = [nine: 0.3, fairQueue: -0.015]
    bench.loss = [nine: 0.0012]
    try bench.sweep(try CampaignTests.campaign())
    #expect(Self.blocks(bench, of: fairQueue) == Self.whole)
    #expect(Self.blocks(bench, of: nine) == Self.whole)
    bench = CampaignTests.bench()
    bench.effects = [shaped: -0.3]
    bench.blockNoise = 0.3
    try bench.sweep(try CampaignTests.campaign())
    #expect(Self.blocks(bench, of: shaped) == Self.whole)
  }

  /// A gain is never a loss, whichever way is better.
  @Test func lessIsAGainWhereLessIsBetter() throws {
    let objective = "minimise latency_p99_us; effect 2%"
    let space = try SearchSpace([
      .init(knob: "mtu", values: [SearchSpace.untouched, .number(9000)]),
      .init(knob: "qdisc", values: [SearchSpace.untouched, .word("fq")]),
    ])
    let campaign = try Campaign(
      space: space, strategy: .grid, objective: Objective(parsing: objective), workloads: ["w"])
    var bench = ScriptedBench(objective: objective)
    bench.latencyEffects = [nine: -0.4, fairQueue: 0.3]
    try bench.sweep(campaign)
    #expect(Self.blocks(bench, of: nine) == Self.whole)
    #expect(Self.blocks(bench, of: fairQueue) == [0, 1])
    #expect(try bench.recommendation()?.configuration == nine)
  }
}
