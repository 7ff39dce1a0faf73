import Foundation
import Measurement
import Optimiser
import Testing

/// What is recommended on benches of which the truth is known.
@Suite struct RecommendationTests {
  static func recommend(_ bench: ScriptedBench) throws -> Recommendation {
    var bench = bench
    _ = try bench.run(try CampaignTests.campaign())
    return try #require(try bench.recommendation())
  }

  /// Default against things that do nothing: at most one change in ten at 5 %.
  @Test func nothingIsRecommendedWhereNothingHelps() throws {
    let found = try (1...10).map { seed in
      try Self.recommend(ScriptedBench(objective: CampaignTests.objective, seed: seed)).decision
    }
    #expect(found.count { $0 == .change } <= 1)
  }

  @Test func twoKnobsThatBothHelpAreBothKept() throws {
    var bench = CampaignTests.bench()
    bench.effects = [nine: 0.3, fairQueue: 0.15]
    let found = try Self.recommend(bench)
    #expect(found.configuration == Configuration(["mtu": .number(9000), "qdisc": .word("fq")]))
    #expect(found.knobs.map(\.evidence) == [.proven, .proven])
    let ratio = try #require(found.knobs.first { $0.name == "qdisc" }?.effect?.ratio)
    #expect(abs(log(ratio) - 0.15) < 0.03)
  }

  /// Alone neither does anything: both must be kept.
  @Test func knobsThatHelpOnlyTogetherAreBothKept() throws {
    var bench = CampaignTests.bench()
    let both = Configuration(["mtu": .number(9000), "qdisc": .word("fq")])
    bench.effects = [both: 0.2]
    #expect(try Self.recommend(bench).configuration == both)
  }

  @Test func aConstraintIsNeverTradedForTheObjective() throws {
    var bench = CampaignTests.bench()
    bench.latencyEffects = [nine: 0.3]
    let latency = try Self.recommend(bench)
    #expect(latency.decision == .changeNothing)
    #expect(
      latency.search.first { $0.configuration == nine }?.constraints.contains {
        $0.status == .broken && $0.workload == "large"
      } == true)
    bench.latencyEffects = [:]
    bench.loss = [nine: 0.01]
    let loss = try Self.recommend(bench)
    #expect(loss.decision == .changeNothing)
    #expect(loss.search.first { $0.configuration == nine }?.drops["qdisc"] ?? 0 > 0)
  }

  /// The baseline loses a tenth: a twentieth more of that and 0.1 % are allowed.
  @Test(arguments: [
    (0.105, ConstraintFinding.Status.met), (0.1059, .met), (0.1061, .broken), (0.2, .broken),
    (0.0, .met),
  ])
  func lossMayBeBoundByTheBaselines(
    loss: Double, expected: ConstraintFinding.Status
  ) throws {
    let objective = "maximise throughput_bps; subject-to loss_ratio <= 1.05x baseline + 0.001"
    var bench = ScriptedBench(objective: objective, effects: [nine: 0.3])
    bench.loss = [.baseline: 0.1, nine: loss - 0.1]
    let campaign = try Campaign(
      space: SearchSpace([.init(knob: "mtu", values: [SearchSpace.untouched, .number(9000)])]),
      strategy: .grid, objective: Objective(parsing: objective), workloads: ["large"])
    _ = try bench.run(campaign)
    let found = try #require(try bench.recommendation())
    #expect(found.decision == (expected == .met ? .change : .changeNothing))
    let finding = try #require(found.search.first?.constraints.first)
    #expect(finding.status == expected)
    #expect(abs(try #require(finding.value) - (loss - 0.105)) < 1e-12)
  }

  @Test func aConstraintThatNothingMeasuresIsNotMet() throws {
    let objective = "maximise throughput_bps; subject-to cpu_ns_per_frame <= 900; effect 2%"
    var bench = ScriptedBench(objective: objective, effects: [nine: 0.3])
    let campaign = try Campaign(
      space: SearchSpace([.init(knob: "mtu", values: [SearchSpace.untouched, .number(9000)])]),
      strategy: .grid, objective: Objective(parsing: objective), workloads: ["large"])
    _ = try bench.run(campaign)
    let found = try #require(try bench.recommendation())
    #expect(found.decision == .changeNothing)
    #expect(found.reason.contains("no workload measures it"))
  }

  @Test func noWorkloadIsHarmedForTheMean() throws {
    var bench = CampaignTests.bench()
    bench.effects = [:]
    bench.workloadEffects = ["large": [nine: 0.6], "small": [nine: -0.2]]
    let found = try Self.recommend(bench)
    #expect(found.decision == .changeNothing)
    #expect(found.search.first { $0.configuration == nine }?.verdict == .better)
  }

  @Test func whatCanNotBeAppliedIsAFailedTrial() throws {
    var bench = CampaignTests.bench()
    bench.impossible = ["qdisc": .word("tbf rate 1gbit")]
    let found = try Self.recommend(bench)
    let failed = try #require(found.search.first { $0.configuration == shaped })
    #expect(failed.outcome == .failed)
    #expect(failed.validPairs == 0)
    #expect(found.samples.reasons["not applied"] == found.samples.invalid)
    #expect(found.samples.invalid > 0)
    #expect(found.configuration == nine)
  }

  @Test func aFailedTrialEndsAfterOneSwapPair() throws {
    let campaign = try CampaignTests.campaign()
    var bench = CampaignTests.bench()
    bench.impossible = ["qdisc": .word("tbf rate 1gbit")]
    while let request = try campaign.next(after: bench.records) {
      let (block, workload) = try #require(request.open(campaign.workloads).first)
      bench.measure(request, block: block, workload: workload)
    }
    let failed = bench.records.filter { $0.requested == shaped }
    #expect(Set(failed.map(\.block)) == [0, 1])
  }

  @Test func aBrokenBenchIsNotBelieved() throws {
    var bench = CampaignTests.bench()
    bench.brokenBias = 0.1
    let requests = try bench.run(try CampaignTests.campaign())
    #expect(requests.map(\.role) == [.noise, .noise])
    let found = try #require(try bench.recommendation())
    #expect(found.decision == .changeNothing)
    #expect(found.noise?.failed == true)
    #expect(found.reason.contains("default against default"))
  }

  @Test func aBrokenBenchThatIsTakenOnSaysSo() throws {
    var bench = CampaignTests.bench()
    bench.brokenBias = 0.1
    let requests = try bench.run(try CampaignTests.campaign(isForced: true))
    #expect(requests.prefix(3).map(\.role) == [.noise, .noise, .search])
    let found = try #require(try bench.recommendation())
    #expect(found.noise?.failed == true && found.search.count == 11)
    #expect(
      found.reason.hasPrefix(
        "taken on with --force though default against default differed, twice: "))
  }

  /// Whoever resumes it need not say again that it was forced.
  @Test func aForcedSearchGoesOnWithoutForce() throws {
    var bench = CampaignTests.bench()
    bench.brokenBias = 0.1
    let forced = try CampaignTests.campaign(isForced: true)
    let later = try CampaignTests.campaign()
    while let request = try forced.next(after: bench.records), request.role == .noise {
      #expect(try later.next(after: bench.records) == request)
      bench.measure(request, workloads: forced.workloads)
    }
    #expect(try later.next(after: bench.records) == nil)
    let search = try #require(try forced.next(after: bench.records))
    bench.measure(search, workloads: forced.workloads)
    let next = try #require(try forced.next(after: bench.records))
    #expect(next.role == .search)
    #expect(try later.next(after: bench.records) == next)
  }

  /// Where there is nothing to force, it changes nothing.
  @Test func aSoundBenchIsTheSameWithForce() throws {
    var (free, forced) = (CampaignTests.bench(), CampaignTests.bench())
    #expect(
      try free.run(try CampaignTests.campaign())
        == forced.run(try CampaignTests.campaign(isForced: true)))
    #expect(try free.recommendation() == forced.recommendation())
  }

  @Test func aBenchThatMeasuresNothingSaysSo() throws {
    let objective = "minimise cpu_ns_per_frame; effect 2%"
    var bench = ScriptedBench(objective: objective)
    let campaign = try Campaign(
      space: SearchSpace([.init(knob: "mtu", values: [SearchSpace.untouched, .number(9000)])]),
      strategy: .grid, objective: Objective(parsing: objective), workloads: ["large"])
    #expect(try bench.run(campaign).map(\.role) == [.noise, .noise])
    #expect(try bench.recommendation()?.reason.contains("no valid pair") == true)
  }

  @Test func theOrderOfRowsIsOfNoMatter() throws {
    var bench = CampaignTests.bench()
    _ = try bench.run(try CampaignTests.campaign())
    var generator = SeededGenerator(seed: 9)
    let shuffled = bench.records.shuffled(using: &generator)
    #expect(try Recommendation.derive(from: shuffled) == Recommendation.derive(from: bench.records))
  }

  /// Whatever is on record when a sweep is killed, it gives a recommendation of what is proven.
  @Test func aShortTableSaysWhatItProves() throws {
    var bench = CampaignTests.bench()
    _ = try bench.run(try CampaignTests.campaign())
    let rows = bench.records
    for count in stride(from: 1, to: rows.count, by: 41) {
      let found = try #require(try Recommendation.derive(from: Array(rows[..<count])).first)
      #expect(found.configuration.isBaseline || found.configuration["mtu"] == .number(9000))
      #expect(!found.reason.isEmpty)
    }
    let early = try Recommendation.derive(from: rows.filter { $0.trial < 9 })
    #expect(early.first?.reason.contains("stopped") == true)
  }

  @Test func oneForEachNIC() throws {
    var bench = CampaignTests.bench()
    _ = try bench.run(try CampaignTests.campaign())
    let second = bench.records.map { record in
      var record = record
      record.nic = "eno0"
      return record
    }
    let found = try Recommendation.derive(from: bench.records + second)
    #expect(found.map(\.nic) == ["eno0", "eno1"])
    #expect(found.map(\.configuration) == [nine, nine])
    #expect(try Recommendation.derive(from: []).isEmpty)
  }

  @Test func rowsThatContradictEachOtherAreRefused() throws {
    var bench = CampaignTests.bench()
    _ = try bench.run(try CampaignTests.campaign())
    var seeds = bench.records
    seeds[7].seed = 99
    var objectives = bench.records
    objectives[3].objective = "minimise cpu_ns_per_frame; effect 2%"
    for rows in [seeds, objectives, bench.records + bench.records.suffix(1)] {
      #expect(throws: EvidenceError.self) { try Recommendation.derive(from: rows) }
    }
    let unknown = bench.records.map { record in
      var record = record
      record.objective = "maximise speed"
      return record
    }
    #expect(throws: ObjectiveError.self) { try Recommendation.derive(from: unknown) }
    // The validation of something that did not win.
    let forged = bench.records.map { record in
      var record = record
      if record.role == .validate { record.requested = shaped }
      return record
    }
    #expect(throws: CampaignError.self) { try Recommendation.derive(from: forged) }
    #expect(throws: CampaignError.self) {
      try Recommendation.derive(from: bench.records.filter { $0.trial != 2 })
    }
  }
}
