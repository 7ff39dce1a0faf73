import Foundation
import Measurement
import Optimiser
import Testing

private let backlog: KnobName = "sysctl.net.core.netdev_max_backlog"
private let long = Configuration([backlog: .number(4000)])
private let longer = Configuration([backlog: .number(8000)])

/// Two NICs of one host, and a setting that they share.
@Suite struct HostCampaignTests {
  private static func member(
    _ nic: String, knobs: [KnobName] = ["mtu", backlog], rules: [SearchSpace.Rule] = [],
    objective: String = CampaignTests.objective
  ) throws -> HostCampaign.Member {
    let values: [KnobName: [KnobValue]] = [
      "mtu": [.number(9000)], backlog: [.number(4000), .number(8000)],
    ]
    let space = try SearchSpace(
      knobs.map {
        SearchSpace.Dimension(knob: $0, values: [SearchSpace.untouched] + values[$0, default: []])
      }, rules: rules)
    let campaign = try Campaign(
      space: space, strategy: .grid, objective: Objective(parsing: objective),
      workloads: ["large", "small"], budget: CampaignTests.budget)
    return HostCampaign.Member(nic: nic, campaign: campaign)
  }

  private static func campaign(
    second knobs: [KnobName] = ["mtu", backlog], rules: [SearchSpace.Rule] = [],
    objective: String = CampaignTests.objective
  ) throws -> HostCampaign {
    let members = [
      try member("eno1", objective: objective),
      try member("ens1", knobs: knobs, rules: rules, objective: objective),
    ]
    return HostCampaign(members) { $0 == backlog }
  }

  /// What the settings do to the first and to the second NIC.
  private static func host(
    _ first: [Configuration: Double], _ second: [Configuration: Double],
    objective: String = CampaignTests.objective
  ) -> ScriptedHost {
    var benches = [
      "eno1": ScriptedBench(objective: objective, seed: 1),
      "ens1": ScriptedBench(objective: objective, seed: 2),
    ]
    benches["eno1"]?.effects = first
    benches["ens1"]?.effects = second
    return ScriptedHost(benches: benches)
  }

  private func isShared(_ next: HostCampaign.Next) -> Bool { next.request.role == .share }

  @Test func whatHelpsOneAndHurtsTheOtherIsTold() throws {
    var host = Self.host([long: 0.1], [long: -0.1, longer: -0.1, nine: 0.3])
    let requests = try host.run(try Self.campaign())
    let shared = requests.filter(isShared)
    #expect(shared.map(\.nic) == ["ens1"])
    #expect(shared.map(\.request.reference) == [nine])
    #expect(shared.map(\.request.candidate.description) == ["mtu=9000 \(backlog)=4000"])
    #expect(shared.first?.request.blocks == 2 * CampaignTests.budget.validation)
    let numbers = requests.filter { $0.nic == "ens1" }.map(\.request.trial)
    #expect(numbers == Array(0..<numbers.count))
    // What each NIC is recommended is its own affair.
    #expect(try host.recommendations().map(\.configuration) == [long, nine])
    let finding = try #require(try host.findings().first)
    #expect(finding.name == backlog && finding.value == .number(4000))
    #expect(finding.recommendedFor.map(\.nic) == ["eno1"])
    #expect(abs(log(try #require(finding.recommendedFor.first?.effect?.ratio)) - 0.1) < 0.03)
    let other = try #require(finding.others.first)
    #expect(other.nic == "ens1" && other.outcome == .hurts && other.instead == nil)
    #expect(abs(log(try #require(other.finding.effect?.ratio)) + 0.1) < 0.03)
    #expect(finding.advice == .choose)
    #expect(try host.findings().count == 1)
  }

  @Test func whatIsRecommendedForBothIsNotTriedAgain() throws {
    var host = Self.host([long: 0.1], [long: 0.1])
    #expect(try host.run(try Self.campaign()).contains(where: isShared) == false)
    #expect(try host.recommendations().map(\.configuration) == [long, long])
    #expect(try host.findings().isEmpty)
  }

  /// The second NIC's sweep was not about it.
  @Test func whatHelpsTheOtherTooSuitsBoth() throws {
    var host = Self.host([long: 0.1], [long: 0.2, nine: 0.3])
    _ = try host.run(try Self.campaign(second: ["mtu"]))
    let finding = try #require(try host.findings().first)
    #expect(finding.others.map(\.outcome) == [.helps] && finding.advice == .take)
  }

  @Test func whatDoesNothingToTheOtherIsHarmless() throws {
    var host = Self.host([long: 0.1], [:])
    let shared = try host.run(try Self.campaign()).filter(isShared)
    // Nothing is recommended there: it is held against the NIC as it was found.
    #expect(shared.map(\.request.reference) == [.baseline])
    #expect(shared.map(\.request.candidate) == [long])
    let finding = try #require(try host.findings().first)
    #expect(finding.others.map(\.outcome) == [.harmless] && finding.advice == .take)
    #expect(try host.recommendations().map(\.configuration) == [long, .baseline])
  }

  @Test func ofTwoValuesEachIsTriedOnTheOther() throws {
    var host = Self.host([long: 0.1], [longer: 0.1])
    let shared = try host.run(try Self.campaign()).filter(isShared)
    #expect(shared.map(\.nic) == ["eno1", "ens1"])
    #expect(shared.map(\.request.candidate) == [longer, long])
    #expect(shared.map(\.request.reference) == [long, longer])
    let findings = try host.findings()
    #expect(findings.map(\.value) == [.number(4000), .number(8000)])
    #expect(findings.flatMap(\.others).map(\.nic) == ["ens1", "eno1"])
    #expect(findings.flatMap(\.others).map(\.instead) == [.number(8000), .number(4000)])
    #expect(findings.allSatisfy { $0.advice == .choose })
  }

  @Test func aBrokenBoundHurts() throws {
    var host = Self.host([long: 0.1], [:])
    host.benches["ens1"]?.loss = [long: 0.01]
    _ = try host.run(try Self.campaign())
    let other = try #require(try host.findings().first?.others.first)
    #expect(other.outcome == .hurts && other.finding.verdict == .equivalent)
    // What loses frames anyway does not lose them for that.
    host = Self.host([long: 0.1], [:])
    host.benches["ens1"]?.loss = [.baseline: 0.01]
    _ = try host.run(try Self.campaign())
    #expect(try host.findings().first?.others.map(\.outcome) == [.harmless])
  }

  /// A bound that was kept, and now may be or not, leaves it open; one that was open already does
  /// not.
  @Test func aBoundThatIsNoLongerProvenLeavesItOpen() throws {
    func other(_ bound: String, _ latency: [Configuration: Double]) throws
      -> HostWideFinding.Other
    {
      let objective = "maximise throughput_bps; subject-to latency_p99_us <= \(bound); effect 2%"
      var host = Self.host([long: 0.1], [:], objective: objective)
      host.benches["eno1"]?.latencyEffects = [long: -0.3]
      host.benches["ens1"]?.latencyEffects = latency
      _ = try host.run(try Self.campaign(second: ["mtu"], objective: objective))
      return try #require(try host.findings().first?.others.first)
    }
    let open = try other("1.05x baseline", [long: log(1.05)])
    #expect(open.finding.verdict == .equivalent && open.outcome == .inconclusive)
    #expect(try other("1.05x baseline", [:]).outcome == .harmless)
    let before = try other("1x baseline", [:])
    #expect(before.finding.constraints.contains { $0.status == .unproven })
    #expect(before.outcome == .harmless)
  }

  /// Of several metrics each counts.
  @Test(arguments: [
    (0, 0.3, HostWideFinding.Outcome.hurts), (0.1, 0.3, .hurts), (0, -0.3, .helps),
    (0.1, 0, .helps), (0, 0, .harmless),
  ])
  func everyMetricCounts(
    throughput: Double, latency: Double, expected: HostWideFinding.Outcome
  ) throws {
    let objective = ParetoTests.objective
    var host = Self.host([long: 0.1], [long: throughput], objective: objective)
    host.benches["ens1"]?.latencyEffects = [long: latency]
    _ = try host.run(try Self.campaign(second: ["mtu"], objective: objective))
    let finding = try #require(try host.findings().first)
    #expect(finding.others.map(\.outcome) == [expected])
    let wish = try #require(finding.recommendedFor.first)
    #expect(wish.effects?.keys.sorted() == ["latency_p99_us", "throughput_bps"])
  }

  @Test func aMetricThatIsOpenLeavesItOpen() throws {
    let objective = ParetoTests.objective
    var host = Self.host([long: 0.1], [:], objective: objective)
    host.benches["ens1"]?.latencyEffects = [long: -0.3]
    host.benches["ens1"]?.blockNoise = 0.2
    _ = try host.run(try Self.campaign(second: ["mtu"], objective: objective))
    let other = try #require(try host.findings().first?.others.first)
    #expect(other.finding.verdicts == [.inconclusive, .better] && other.outcome == .inconclusive)
  }

  @Test func aHarmedWorkloadHurts() throws {
    var host = Self.host([long: 0.1], [:])
    host.benches["ens1"]?.workloadEffects = ["large": [long: 0.1], "small": [long: -0.1]]
    _ = try host.run(try Self.campaign())
    let other = try #require(try host.findings().first?.others.first)
    #expect(other.outcome == .hurts && other.finding.verdict != .worse)
  }

  @Test func whatCannotBeToldIsNotTold() throws {
    var host = Self.host([long: 0.1], [:])
    host.benches["ens1"]?.blockNoise = 0.2
    _ = try host.run(try Self.campaign())
    let finding = try #require(try host.findings().first)
    #expect(finding.others.map(\.outcome) == [.inconclusive] && finding.advice == .unknown)
  }

  @Test func whatCannotBeAppliedIsAFailure() throws {
    var host = Self.host([long: 0.1], [:])
    host.benches["ens1"]?.impossible = [backlog: .number(4000)]
    _ = try host.run(try Self.campaign())
    let finding = try #require(try host.findings().first)
    #expect(finding.others.map(\.outcome) == [.failed] && finding.advice == .unknown)
  }

  @Test func nothingIsTriedOnABenchThatFailed() throws {
    var host = Self.host([long: 0.1], [:])
    host.benches["ens1"]?.brokenBias = 0.1
    let requests = try host.run(try Self.campaign())
    #expect(requests.filter { $0.nic == "ens1" }.map(\.request.role) == [.noise, .noise])
    #expect(try host.findings().isEmpty)
  }

  @Test func aRuleKeepsASettingOffANIC() throws {
    var host = Self.host([long: 0.1], [nine: 0.3])
    let rule = SearchSpace.Rule.forbidden(["mtu": .number(9000), backlog: .number(4000)])
    let requests = try host.run(try Self.campaign(rules: [rule]))
    #expect(!requests.contains(where: isShared))
  }

  @Test func ofThreeEachOtherIsAsked() throws {
    var host = Self.host([long: 0.1], [long: -0.1, longer: -0.1])
    host.benches["eth9"] = ScriptedBench(objective: CampaignTests.objective, seed: 3)
    let members = try ["eno1", "ens1", "eth9"].map { try Self.member($0) }
    let campaign = HostCampaign(members) { $0 == backlog }
    #expect(try host.run(campaign).filter(isShared).map(\.nic) == ["ens1", "eth9"])
    let finding = try #require(try host.findings().first)
    #expect(finding.others.map(\.outcome) == [.hurts, .harmless])
  }

  // MARK: Resuming and deriving

  /// Killed after every single block: the same trials follow, on the same NICs.
  @Test func resumingIsReplaying() throws {
    let campaign = try Self.campaign()
    var whole = Self.host([long: 0.1], [longer: 0.1])
    let expected = try whole.run(campaign)
    var host = Self.host([long: 0.1], [longer: 0.1])
    var trials: [HostCampaign.Next] = []
    while let next = try campaign.next(after: RunRecords(host.records.shuffled())) {
      if !next.isSameTrial(as: trials.last) { trials.append(next) }
      let (block, workload) = try #require(next.request.open(["large", "small"]).first)
      host.measure(next, block: block, workload: workload)
    }
    func words(_ next: HostCampaign.Next) -> String {
      "\(next.nic) \(next.request.trial) \(next.request.role) \(next.request.candidate)"
    }
    #expect(trials.map(words) == expected.map(words))
    #expect(try host.findings() == whole.findings())
    #expect(try host.recommendations().map(\.knobs) == whole.recommendations().map(\.knobs))
  }

  @Test func whatIsLeftShrinksToNothing() throws {
    let campaign = try Self.campaign()
    var host = Self.host([long: 0.1], [longer: 0.1])
    var blocks = Int.max
    while let next = try campaign.next(after: RunRecords(host.records)) {
      // Of the settings that will be tried elsewhere nothing is known before the end.
      if next.request.role != .share || next.nic == "ens1" {
        #expect(next.remaining.blocks < blocks)
      }
      blocks = next.remaining.blocks
      #expect(next.remaining.trials > 0 && blocks >= next.request.blocks)
      host.measure(next, workloads: ["large", "small"])
    }
    #expect(blocks == 2 * CampaignTests.budget.validation)
  }

  /// The recommendation of a NIC is the same with and without what was tried on it for others, and a
  /// table that ends early tells what it proves.
  @Test func whatIsTriedForOthersStandsApart() throws {
    var host = Self.host([long: 0.1], [longer: 0.1])
    _ = try host.run(try Self.campaign())
    let found = try host.recommendations()
    let first = try #require(host.records.firstIndex { $0.role == .share })
    let trial = host.records[first].trial
    let before = host.records.prefix { !($0.nic == "eno1" && $0.trial == trial) }
    #expect(try Recommendation.derive(from: Array(before)) == found)
    #expect(try HostWideFinding.derive(from: Array(before), found).isEmpty)
    for count in stride(from: 1, to: host.records.count, by: 37) {
      let rows = Array(host.records[..<count])
      let early = try Recommendation.derive(from: rows)
      #expect(try HostWideFinding.derive(from: rows, early).count <= 2)
    }
  }

  @Test func forgedRowsAreRefused() throws {
    var host = Self.host([long: 0.1], [:])
    _ = try host.run(try Self.campaign())
    let found = try host.recommendations()
    func forged(_ change: (inout TrialRecord) -> Void) throws -> [TrialRecord] {
      let trial = try #require(host.records.first { $0.role == .share }?.trial)
      return host.records.map { row in
        var row = row
        if row.nic == "ens1", row.trial == trial { change(&row) }
        return row
      }
    }
    let others: [(inout TrialRecord) -> Void] = [
      // Held against what is not recommended there.
      { if $0.role == .baseline { $0.requested = nine } },
      // Nobody wants that.
      { if $0.role == .share { $0.requested = longer } },
      { if $0.role == .share { $0.requested = .baseline } },
      { $0.trial += 1 },
    ]
    for change in others {
      #expect(throws: CampaignError.self) {
        try HostWideFinding.derive(from: try forged(change), found)
      }
    }
  }
}
