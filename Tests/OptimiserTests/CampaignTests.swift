import Measurement
import Optimiser
import Testing

let nine = Configuration(["mtu": .number(9000)])
let fairQueue = Configuration(["qdisc": .word("fq")])
let shaped = Configuration(["qdisc": .word("tbf rate 1gbit")])

@Suite struct CampaignTests {
  static let objective = """
    maximise throughput_bps; subject-to latency_p99_us <= 1.10x baseline, loss_ratio <= 0.001; \
    effect 2%
    """

  static let budget = Budget(noise: 4, search: 3, validation: 6, ablation: 5)

  static func campaign(
    _ strategy: Strategy = .grid, workloads: [String] = ["large", "small"], isForced: Bool = false
  ) throws -> Campaign {
    let space = try SearchSpace([
      SearchSpace.Dimension(knob: "mtu", values: [SearchSpace.untouched, .number(9000)]),
      SearchSpace.Dimension(
        knob: "qdisc", values: [SearchSpace.untouched, .word("fq"), .word("tbf rate 1gbit")]),
      SearchSpace.Dimension(knob: "ring.rx", values: [SearchSpace.untouched, .number(4096)]),
    ])
    return try Campaign(
      space: space, strategy: strategy, objective: Objective(parsing: objective),
      workloads: workloads, budget: budget, isForced: isForced)
  }

  static func bench(_ seed: UInt64 = 1) -> ScriptedBench {
    ScriptedBench(objective: objective, seed: seed, effects: [nine: 0.3, shaped: -0.5])
  }

  @Test func aSweepFindsWhatHelpsAndDropsTheRest() throws {
    var bench = Self.bench()
    let requests = try bench.run(try Self.campaign())
    #expect(requests.first?.role == .noise)
    #expect(requests.map(\.trial) == Array(0..<requests.count))
    let found = try #require(try bench.recommendation())
    #expect(found.configuration == nine)
    #expect(found.decision == .change)
    let knob = try #require(found.knobs.first { $0.name == "mtu" })
    #expect(knob.evidence == .proven)
    #expect(knob.original == .number(1500))
    let interval = try #require(knob.effect?.interval)
    #expect(interval.lower < 1.35 && interval.upper > 1.35)
    #expect(found.knobs.filter { !$0.evidence.isKept }.allSatisfy { $0.name != "mtu" })
    #expect(found.search.count == 11)
    #expect(found.search.first { $0.configuration == shaped }?.verdict == .worse)
    #expect(found.noise?.failed == false)
    #expect(found.effect?.constraints.map(\.status) == [.met, .met, .met, .met])
  }

  /// Whatever else is set beside it, nothing helps but the MTU: of equals, the smallest is taken.
  @Test func ofEqualsTheOneThatChangesLessIsValidated() throws {
    var bench = Self.bench()
    let requests = try bench.run(try Self.campaign())
    let checks = requests.filter { $0.role == .validate || $0.role == .ablate }
    #expect(Set(checks.map(\.candidate)) == [nine])
  }

  /// The best of the search lies so close to the bound on latency that it can not be proven to keep
  /// it; the next one keeps it.
  @Test func ifTheBestDoesNotPassTheNextOneMay() throws {
    var bench = Self.bench()
    let both = Configuration(nine.values.merging(fairQueue.values) { $1 })
    bench.effects[both] = 0.1
    bench.latencyEffects = [fairQueue: 0.09]
    let requests = try bench.run(try Self.campaign())
    let validated = requests.filter { $0.role == .validate }.map(\.candidate)
    #expect(validated.first == both)
    let found = try #require(try bench.recommendation())
    #expect(found.configuration == nine)
    let checks = found.checks.filter { $0.role == Role.validate.rawValue }
    let (first, last) = (try #require(checks.first), try #require(checks.last))
    #expect(first.constraints.contains { $0.status == .unproven })
    let (raw, adjusted) = (try #require(last.effect?.probability), last.adjustedProbability)
    #expect(try #require(adjusted) > raw)
  }

  /// Another guest takes seconds to start, so its trials stand together; nothing else moves.
  @Test func whatNeedsTheSameGuestStandsTogether() throws {
    let space = try SearchSpaceTests.space(
      [
        ("qdisc", ["default", "fq"]), ("interface.model", ["default", "e1000"]),
        ("guest.ring.rx", ["default", "512"]), ("interface.queues", ["default", "2"]),
      ], switchSeconds: ["interface.model": 10, "interface.queues": 10])
    func models(_ strategy: Strategy) throws -> [String] {
      let campaign = try Campaign(
        space: space, strategy: strategy, objective: Objective(parsing: Self.objective),
        workloads: ["w"])
      return campaign.plan.fixed.map { configuration in
        ["model", "queues"].map {
          configuration[KnobName(rawValue: "interface.\($0)")]?.description ?? "-"
        }.joined(separator: " ")
      }
    }
    for strategy in [Strategy.grid, .random(trials: 11, seed: 3)] {
      let order = try models(strategy)
      let changes = zip(order, order.dropFirst()).count { $0 != $1 }
      #expect(changes == Set(order).count - 1, "\(order)")
      #expect(Set(order).count > 2)
    }
    let plain = try SearchSpaceTests.space([("a", ["default", "1"]), ("b", ["default", "1"])])
    let campaign = try Campaign(
      space: plain, strategy: .grid, objective: Objective(parsing: Self.objective),
      workloads: ["w"])
    #expect(campaign.plan.fixed == (try Strategy.grid.configurations(of: plain)))
  }

  /// ring.rx = 4096 is what the kernel had: a trial of it ends with its first blocks.
  @Test func whatIsEffectivelyTheSameIsMeasuredOnce() throws {
    let campaign = try Self.campaign()
    var bench = Self.bench()
    var requests: [TrialRequest] = []
    while let request = try campaign.next(after: bench.records) {
      requests.append(request)
      for workload in campaign.workloads {
        guard let block = request.open([workload]).first?.block else { continue }
        bench.measure(request, block: block, workload: workload)
      }
    }
    let ring = Configuration(["ring.rx": .number(4096)])
    #expect(requests.count { $0.candidate == ring } == 1)
    #expect(requests.count { $0.candidate == nine && $0.role == .search } == 6)
    let found = try #require(try bench.recommendation())
    #expect(found.search.first { $0.configuration == ring }?.outcome == .sameAsEarlier)
    #expect(found.search.count { $0.outcome == .sameAsEarlier } == 6)
    #expect(
      found.search.allSatisfy {
        ($0.adjustedProbability == nil) == ($0.effect?.probability == nil)
      })
  }

  /// Killed after every single block, and in the middle of one: the same trials follow.
  @Test func resumingIsReplaying() throws {
    let campaign = try Self.campaign()
    var whole = Self.bench()
    let expected = try whole.run(campaign)
    var records: [TrialRecord] = []
    var trials: [TrialRequest] = []
    while let request = try campaign.next(after: records) {
      if trials.last?.trial != request.trial { trials.append(request) }
      let (block, workload) = try #require(request.open(campaign.workloads).first)
      var once = Self.bench()
      once.measure(request, block: block, workload: workload)
      // A block without all its partners counts as not measured.
      #expect(try campaign.next(after: records + once.records.dropLast())?.trial == request.trial)
      records += once.records
    }
    #expect(trials.map(\.candidate) == expected.map(\.candidate))
    #expect(trials.map(\.reference) == expected.map(\.reference))
    #expect(trials.map(\.role) == expected.map(\.role))
    let found = try Recommendation.derive(from: records)
    #expect(found.map(\.configuration) == [nine])
    #expect(found.map(\.knobs) == (try Recommendation.derive(from: whole.records)).map(\.knobs))
  }

  @Test func aTrialGoesOnWhereItStopped() throws {
    let campaign = try Self.campaign()
    var bench = Self.bench()
    let request = try #require(try campaign.next(after: []))
    bench.measure(request, block: 0, workload: "large")
    bench.measure(request, block: 0, workload: "small")
    bench.measure(request, block: 1, workload: "large")
    let next = try #require(try campaign.next(after: bench.records.shuffled()))
    #expect(next.trial == 0)
    #expect(next.doneBlocks == ["large": [0, 1], "small": [0]])
    #expect(!next.needs(block: 1, workload: "large"))
    #expect(next.needs(block: 1, workload: "small"))
    #expect(!next.needs(block: next.blocks, workload: "small"))
  }

  @Test func whatIsLeftShrinksToNothing() throws {
    let campaign = try Self.campaign()
    var bench = Self.bench()
    var left = try campaign.remaining(after: [])
    #expect(left.trials >= 12)
    while let request = try campaign.next(after: bench.records) {
      bench.measure(request, workloads: campaign.workloads)
      let now = try campaign.remaining(after: bench.records)
      #expect(now.trials < left.trials)
      #expect(now.blocks < left.blocks)
      left = now
    }
    #expect(left == Remaining(trials: 0, blocks: 0))
  }

  @Test func recordsOfAnotherPlanAreRefused() throws {
    var bench = Self.bench()
    _ = try bench.run(try Self.campaign())
    let other = try Self.campaign(.random(trials: 5, seed: 3))
    let error = #expect(throws: CampaignError.self) { try other.next(after: bench.records) }
    #expect(error?.description.contains("another plan") == true)
    bench.records[5].requested = nine
    #expect(throws: EvidenceError.self) { try Self.campaign().next(after: bench.records) }
  }
}
