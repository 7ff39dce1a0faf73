import Foundation
import Measurement
import Optimiser
import Testing

/// The course of a sweep over several metrics: the same whenever it is asked.
@Suite struct ParetoCourseTests {
  /// Killed after every single block, and in the middle of one: the same trials, the same bytes.
  @Test func resumingIsReplaying() throws {
    let campaign = try ParetoTests.campaign()
    var whole = ParetoTests.bench()
    try whole.sweep(campaign)
    let records = try ParetoTests.bench().recordsOfKills(campaign)
    #expect(records.count == whole.records.count)
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let expected = try encoder.encode(try Recommendation.derive(from: whole.records))
    var generator = SeededGenerator(seed: 4)
    for rows in [records, records.shuffled(using: &generator)] {
      #expect(try encoder.encode(try Recommendation.derive(from: rows)) == expected)
      #expect(try encoder.encode(try Recommendation.derive(from: rows)) == expected)
    }
  }

  /// Stopped after any trial, a search that learns goes on as if it had not been.
  @Test func aSearchThatLearnsGoesOnTheSame() throws {
    let campaign = try ParetoTests.campaign(
      ParetoTests.objective, .model(trials: 6, seed: 3))
    var whole = ParetoTests.bench()
    let requests = try whole.run(campaign)
    #expect(requests.count { $0.role == .search } == 6)
    #expect(try whole.recommendation()?.configuration == ParetoTests.gathered(50))
    for request in requests {
      let before = whole.records.filter { $0.trial < request.trial }
      #expect(try campaign.next(after: before) == request)
    }
  }

  @Test func whatIsLeftShrinksToNothing() throws {
    let campaign = try ParetoTests.campaign()
    var bench = ParetoTests.bench()
    var left = try campaign.remaining(after: [])
    #expect(left.trials >= 1 + 7 + 5)
    while let request = try campaign.next(after: bench.records) {
      bench.measure(request, workloads: campaign.workloads)
      let now = try campaign.remaining(after: bench.records)
      #expect(now.trials < left.trials && now.blocks < left.blocks)
      left = now
    }
    #expect(left == Remaining(trials: 0, blocks: 0))
  }

  /// Whatever is on record when a sweep is killed, it gives a recommendation of what is proven.
  @Test func aShortTableSaysWhatItProves() throws {
    var bench = ParetoTests.bench()
    _ = try bench.run(try ParetoTests.campaign())
    let last = try #require(bench.records.map(\.trial).max())
    let first = try #require(bench.records.first { $0.role == .validate }?.trial)
    for trial in 0...last {
      let rows = bench.records.filter { $0.trial <= trial }
      let found = try #require(try Recommendation.derive(from: rows).first)
      #expect(!found.reason.isEmpty)
      // Nothing is claimed before the whole front was validated.
      #expect((found.decision == .change) == (trial == last))
      if (first..<last).contains(trial) {
        #expect(found.front == nil)
        #expect(found.reason == "the sweep was stopped before its front was validated")
      }
    }
  }

  /// A front of many points: five of them are validated, its ends and its knee in any case.
  @Test func ofALongFrontFivePointsAreValidated() throws {
    let knob = KnobName(rawValue: "busy-poll")
    let values = (1...12).map { KnobValue.number($0) }
    let campaign = try Campaign(
      space: SearchSpace([.init(knob: knob, values: [SearchSpace.untouched] + values)]),
      strategy: .grid, objective: Objective(parsing: ParetoTests.objective), workloads: ["w"],
      budget: CampaignTests.budget)
    func on(_ number: Int) -> Configuration { Configuration([knob: .number(number)]) }
    var bench = ScriptedBench(objective: ParetoTests.objective)
    for number in 1...12 {
      // A quarter of a circle, whose bend is in its middle.
      let angle = Double(number) / 12 * Double.pi / 2
      bench.effects[on(number)] = sin(angle)
      bench.latencyEffects[on(number)] = 1 - cos(angle)
    }
    let requests = try bench.run(campaign)
    let validated = Set(requests.filter { $0.role == .validate }.map(\.candidate))
    #expect(validated.count == 5)
    #expect(validated.isSuperset(of: [on(1), on(12)]))
    let found = try #require(try bench.recommendation())
    #expect(try #require(found.front).allSatisfy(\.isOnFront))
    let knee = try #require(found.configuration[knob].flatMap { Int($0.description) })
    #expect((5...7).contains(knee))
  }

  /// Nothing helps, and without a margin p alone decides: a change is recommended in at most one
  /// bench of twenty. Six of sixty would be exceeded once in thirty tries at exactly that rate.
  @Test func aFlatBenchIsLeftAsItIs() throws {
    let objective = "pareto throughput_bps, latency_p99_us; effect 0%"
    let campaign = try ParetoTests.campaign(objective)
    let changed = try (1...60).count { seed in
      var bench = ScriptedBench(objective: objective, seed: UInt64(seed), samples: 1)
      _ = try bench.run(campaign)
      return try #require(try bench.recommendation()).decision == .change
    }
    #expect(changed <= 6, "\(changed)")
  }
}
