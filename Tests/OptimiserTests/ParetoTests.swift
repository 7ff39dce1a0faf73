import Foundation
import Measurement
import Report
import Testing

@testable import Optimiser

/// What is recommended where several metrics are traded off.
@Suite struct ParetoTests {
  static let objective = "pareto throughput_bps, latency_p99_us; effect 2%"
  static let coalescing = KnobName(rawValue: "coalesce.rx-usecs")

  /// Frames gathered for so many microseconds.
  static func gathered(_ microseconds: Int) -> Configuration {
    Configuration([coalescing: .number(microseconds)])
  }

  static func campaign(
    _ objective: String = objective, _ strategy: Strategy = .grid, workloads: [String] = ["w"]
  ) throws -> Campaign {
    try Campaign(
      space: SearchSpace([
        .init(
          knob: coalescing,
          values: [SearchSpace.untouched, .number(10), .number(50), .number(200)]),
        .init(knob: "qdisc", values: [SearchSpace.untouched, .word("fq")]),
      ]),
      strategy: strategy, objective: Objective(parsing: objective), workloads: workloads,
      budget: CampaignTests.budget)
  }

  /// The longer frames are gathered, the more throughput and latency; at 50 µs it is a bargain.
  static func bench(_ objective: String = objective, seed: UInt64 = 1) -> ScriptedBench {
    var bench = ScriptedBench(
      objective: objective, seed: seed,
      effects: [gathered(10): 0.1, gathered(50): 0.4, gathered(200): 0.5])
    bench.latencyEffects = [gathered(10): 0.03, gathered(50): 0.08, gathered(200): 0.6]
    return bench
  }

  static func recommend(_ bench: ScriptedBench, _ campaign: Campaign) throws -> Recommendation {
    var bench = bench
    try bench.sweep(campaign)
    return try #require(try bench.recommendation())
  }

  @Test func theKneeIsRecommendedAndItsPriceTold() throws {
    let found = try Self.recommend(Self.bench(), Self.campaign())
    #expect(found.configuration == Self.gathered(50))
    let front = try #require(found.front)
    // The default, then in the order of the validations: the knee, the ends, the rest.
    #expect(
      front.map(\.configuration)
        == [.baseline, Self.gathered(50), Self.gathered(200), Self.gathered(10)])
    #expect(front.allSatisfy { $0.isOnFront && $0.probability > 0.9 })
    #expect(front.filter(\.isKnee).map(\.configuration) == [Self.gathered(50)])
    #expect(front.map(\.bestFor) == [["latency_p99_us"], [], ["throughput_bps"], []])
    let knob = try #require(found.knobs.first)
    #expect(found.knobs.count == 1 && knob.evidence == .proven)
    #expect(abs(log(try #require(knob.effects?["throughput_bps"]).ratio) - 0.4) < 0.03)
    #expect(abs(log(try #require(knob.effects?["latency_p99_us"]).ratio) - 0.08) < 0.03)
    #expect(found.reason.contains("the knee of the front, gives throughput_bps +4"))
    #expect(found.reason.contains(", at the price of latency_p99_us +"))
    #expect(found.effect?.aims?.map(\.verdict) == [.better, .worse])
  }

  /// What is said of the front comes from fresh samples alone.
  @Test func theFrontIsOfFreshSamples() throws {
    let found = try Self.recommend(Self.bench(), Self.campaign())
    for point in try #require(found.front).dropFirst() {
      let check = try #require(found.checks.first { $0.trial == point.trial })
      #expect(check.role == Role.validate.rawValue && check.configuration == point.configuration)
      for aim in try #require(check.aims) { #expect(point.effects[aim.metric] == aim.effect) }
    }
    // p is corrected for three points, two metrics and two looks.
    let check = try #require(found.checks.first?.aims?.first)
    let raw = try #require(check.effect?.probability)
    let expected = min(1, raw * 6 * Estimate.alpha / ValidationLooks.alpha)
    #expect(abs(try #require(check.adjustedProbability) / expected - 1) < 1e-9)
  }

  @Test func whatEveryMetricLosesByChangesNothing() throws {
    var bench = Self.bench()
    bench.effects = [Self.gathered(10): -0.1, Self.gathered(50): -0.2, Self.gathered(200): -0.3]
    let found = try Self.recommend(bench, Self.campaign())
    #expect(found.decision == .changeNothing && found.knobs.isEmpty)
    #expect(try #require(found.front).filter(\.isKnee).map(\.configuration) == [.baseline])
    // Hopeless after one swap pair, in both.
    let worst = try #require(found.search.first { $0.configuration == Self.gathered(200) })
    #expect(worst.aims?.map { $0.effect?.swapPairs } == [1, 1])
  }

  /// One metric gains less than the other pays.
  @Test func aBadBargainChangesNothing() throws {
    var bench = Self.bench()
    bench.effects = [Self.gathered(200): 0.1]
    bench.latencyEffects = [
      Self.gathered(10): 0.3, Self.gathered(50): 0.4, Self.gathered(200): 0.6,
    ]
    let found = try Self.recommend(bench, Self.campaign())
    #expect(found.decision == .changeNothing)
    #expect(
      found.reason == "the default is the knee of the front: what others on it gain in one metric, "
        + "they lose in another")
    #expect(try #require(found.front?.first).isKnee)
    #expect(found.front?.contains { $0.configuration == Self.gathered(200) } == true)
    // It was measured to its end, as it does not lose in both.
    let long = try #require(found.search.first { $0.configuration == Self.gathered(200) })
    #expect(long.aims?.map { $0.effect?.swapPairs } == [3, 3])
  }

  /// The one that would be the knee loses frames, so another point is.
  @Test func aConstraintBoundsTheFront() throws {
    let objective =
      "pareto throughput_bps, latency_p99_us; subject-to loss_ratio <= 0.001; effect 2%"
    var bench = Self.bench(objective)
    bench.loss = [Self.gathered(50): 0.01]
    let found = try Self.recommend(bench, Self.campaign(objective))
    #expect(found.configuration == Self.gathered(10))
    #expect(found.front?.contains { $0.configuration == Self.gathered(50) } == false)
  }

  /// A queueing discipline that only shortens the latency stays beside what only raises the
  /// throughput; what does nothing goes.
  @Test func aKnobThatOneMetricNeedsIsKept() throws {
    let fair = Configuration(["qdisc": .word("fq")])
    var bench = Self.bench()
    bench.latencyEffects = [Self.gathered(50): 0.08, Self.gathered(200): 0.6, fair: -0.3]
    let found = try Self.recommend(bench, Self.campaign())
    #expect(
      found.configuration == Configuration([Self.coalescing: .number(50), "qdisc": .word("fq")]))
    #expect(found.knobs.map(\.evidence) == [.proven, .proven])
    let queue = try #require(found.knobs.last?.effects)
    #expect(abs(log(try #require(queue["latency_p99_us"]).ratio) + 0.3) < 0.03)
    #expect(abs(log(try #require(queue["throughput_bps"]).ratio)) < 0.03)
    #expect(found.reason.hasPrefix("coalesce.rx-usecs=50 qdisc=fq, the knee of the front, gives "))
    #expect(!found.reason.contains("price"))
  }

  @Test func threeMetrics() throws {
    let objective = "pareto throughput_bps, latency_p99_us, cpu_ns_per_frame; effect 2%"
    var bench = Self.bench(objective)
    bench.cpuEffects = [Self.gathered(10): -0.05, Self.gathered(50): -0.2, Self.gathered(200): 0.4]
    let found = try Self.recommend(bench, Self.campaign(objective))
    #expect(found.configuration == Self.gathered(50))
    #expect(found.effect?.aims?.map(\.metric).count == 3)
    let knee = try #require(found.front?.first { $0.isKnee })
    #expect(knee.configuration == Self.gathered(50) && knee.bestFor == ["cpu_ns_per_frame"])
    #expect(
      found.reason.contains("throughput_bps +") && found.reason.contains("cpu_ns_per_frame −"))
  }

  /// A bench that is broken in the second metric is not believed either.
  @Test func theNoiseCheckIsOfEveryMetric() throws {
    let objective = "pareto latency_p99_us, throughput_bps; effect 2%"
    var bench = Self.bench(objective)
    bench.brokenBias = 0.1
    let requests = try bench.run(try Self.campaign(objective))
    #expect(requests.map(\.role) == [.noise, .noise])
    #expect(try bench.recommendation()?.noise?.failed == true)
  }

  /// One workload gains so much that the mean hides what another loses.
  @Test func noWorkloadIsHarmedForTheMean() throws {
    var bench = Self.bench()
    bench.effects = [:]
    bench.latencyEffects = [:]
    bench.workloadEffects = [
      "large": [Self.gathered(50): 0.6], "small": [Self.gathered(50): -0.2],
    ]
    let found = try Self.recommend(bench, Self.campaign(workloads: ["large", "small"]))
    #expect(found.decision == .changeNothing)
  }

  @Test func aThroughputAtTheGeneratorsLimitIsNoGain() throws {
    var bench = Self.bench()
    bench.headroom = [.baseline: 1.1]
    let found = try Self.recommend(bench, Self.campaign())
    #expect(found.decision == .changeNothing)
    let doubtful = found.search.filter { $0.aims?[0].doubt != nil }
    #expect(!doubtful.isEmpty && doubtful.allSatisfy { $0.aims?[1].doubt == nil })
  }

  // MARK: Reports

  @Test func theFrontIsToldInEveryReport() throws {
    let found = try Self.recommend(Self.bench(), Self.campaign())
    let text = RecommendationText.text(found)
    let lines = text.split(separator: "\n").map { $0.split(separator: "  ").map(String.init) }
    let header = try #require(lines.first { $0.first == "FRONT" })
    #expect(
      header.dropFirst().map { $0.trimmingCharacters(in: .whitespaces) }.prefix(3)
        == ["THROUGHPUT_BPS", "LATENCY_P99_US", "P"])
    #expect(text.contains("coalesce.rx-usecs=50   +4"))
    #expect(text.contains("  knee\n"))
    #expect(text.contains("best throughput_bps"))
    #expect(text.contains("Default against default of latency_p99_us: "))
    let summary = SummaryMarkdown.text([found], directory: "run")
    #expect(summary.contains("| configuration | `throughput_bps` | `latency_p99_us` | P |  |\n"))
    #expect(summary.contains(" | knee |\n"))
    #expect(summary.contains("| `default` | – | – | "))
    // Every row of every table has as many cells as its header.
    var columns = 0
    for line in summary.split(separator: "\n", omittingEmptySubsequences: false) {
      let cells = line.split(separator: "|", omittingEmptySubsequences: false).count
      if !line.hasPrefix("|") { columns = 0 } else if columns == 0 { columns = cells }
      #expect(columns == 0 || cells == columns, "\(line)")
    }
    let document = RecommendationJSON([found])
    #expect(try RecommendationJSON(decoding: document.encoded()) == document)
  }

  /// Of a single metric nothing of all this is in the JSON.
  @Test func aSingleMetricHasNoFront() throws {
    var bench = CampaignTests.bench()
    try bench.sweep(try CampaignTests.campaign())
    let found = try #require(try bench.recommendation())
    #expect(found.front == nil && found.effect?.aims == nil)
    let json = String(decoding: try RecommendationJSON([found]).encoded(), as: UTF8.self)
    #expect(
      !json.contains("\"front\"") && !json.contains("\"aims\"") && !json.contains("\"effects\""))
  }
}
