import Measurement
import Report
import Testing

/// What settings of the whole host do to NICs that they are not recommended for, in words.
@Suite struct HostWideTextTests {
  private static func finding(
    _ logarithms: [Double], verdict: Verdict, workloads: [WorkloadFinding] = [],
    constraints: [ConstraintFinding] = []
  ) throws -> TrialFinding {
    let aim = AimFinding(
      try Aim(.maximise, .throughput), effect: Effect(logarithms: logarithms), verdict: verdict,
      workloads: workloads, doubt: nil)
    return TrialFinding(
      trial: 7, role: Role.share.rawValue, configuration: .baseline, reference: .baseline,
      outcome: .measured, aims: [aim], constraints: constraints, drops: [:], validPairs: 8,
      invalidPairs: 0)
  }

  private static func found(_ others: [HostWideFinding.Other]) -> HostWideFinding {
    HostWideFinding(
      name: "sysctl.net.core.netdev_max_backlog", value: .number(4000),
      recommendedFor: [.init(nic: "eno1", effect: Effect(logarithms: [0.05, 0.05, 0.05]))],
      others: others)
  }

  private static func other(
    _ outcome: HostWideFinding.Outcome, _ finding: TrialFinding, instead: KnobValue? = nil
  ) -> HostWideFinding.Other {
    .init(nic: "ens1", outcome: outcome, instead: instead, finding: finding)
  }

  private func sentence(_ others: HostWideFinding.Other...) -> String {
    HostWideText.sentences([Self.found(others)])[0]
  }

  private static let beginning =
    "sysctl.net.core.netdev_max_backlog=4000 is recommended for eno1 "
    + "(+5.1 %, 95 %: +5.1 % … +5.1 %); it "

  @Test func whatHurtsIsAChoice() throws {
    let finding = try Self.finding([-0.03, -0.03, -0.03], verdict: .worse)
    #expect(
      sentence(Self.other(.hurts, finding)) == Self.beginning
        + "hurts ens1 (−3.0 %, 95 %: −3.0 % … −3.0 %): the host has one value for all, so choose")
    #expect(
      sentence(Self.other(.hurts, finding, instead: .number(8000))).contains(
        ", against 8000, which is recommended there: "))
  }

  @Test func whatHelpsOrIsHarmlessSuitsAll() throws {
    let helps = try Self.other(.helps, Self.finding([0.02, 0.02], verdict: .better))
    let harmless = try HostWideFinding.Other(
      nic: "ens2", outcome: .harmless, instead: nil,
      finding: Self.finding([0.001, 0.001], verdict: .equivalent))
    #expect(
      sentence(helps, harmless) == Self.beginning
        + "helps ens1 (+2.0 %, 95 %: +2.0 % … +2.0 %) and is harmless to ens2 "
        + "(+0.10 %, 95 %: +0.10 % … +0.10 %): it suits all of them")
  }

  @Test func whatIsNotKnownIsSaid() throws {
    let finding = try Self.finding([0.03], verdict: .inconclusive)
    #expect(
      sentence(Self.other(.inconclusive, finding)) == Self.beginning
        + "was not shown to be harmless to ens1 (+3.0 %): "
        + "whether it suits all of them is not known")
    #expect(
      try sentence(Self.other(.failed, Self.finding([], verdict: .inconclusive)))
        == Self.beginning
        + "could not be measured on ens1: whether it suits all of them is not known")
  }

  @Test func aLossThatTheMeanDoesNotShowHasItsReason() throws {
    let worse = WorkloadFinding(
      workload: "small", effect: try #require(Effect(logarithms: [-0.2, -0.2])), verdict: .worse)
    let harmed = try Self.finding([0, 0], verdict: .equivalent, workloads: [worse])
    #expect(sentence(Self.other(.hurts, harmed)).contains(") on small: "))
    let bound = ConstraintFinding(
      constraint: "loss_ratio <= 0.001", workload: "small", value: 0.1, interval: nil,
      status: .broken, valueBreaks: true)
    let broken = try Self.finding([0, 0], verdict: .equivalent, constraints: [bound])
    #expect(sentence(Self.other(.hurts, broken)).contains(", breaking loss_ratio <= 0.001: "))
  }

  @Test func aBoundThatMayBeBrokenIsSaid() throws {
    let bound = ConstraintFinding(
      constraint: "loss_ratio <= 0.001", workload: "small", value: 0.001, interval: nil,
      status: .unproven, valueBreaks: false)
    let open = try Self.finding([0, 0], verdict: .equivalent, constraints: [bound])
    #expect(
      sentence(Self.other(.inconclusive, open)).contains(
        "was not shown to be harmless to ens1 (+0.00 %, 95 %: +0.00 % … +0.00 %), "
          + "nor to keep loss_ratio <= 0.001: "))
  }

  @Test func everyMetricIsTold() throws {
    let aims = try [(Goal.maximise, Metric.throughput, 0.05), (.minimise, .latencyP99, -0.1)].map {
      AimFinding(
        try Aim($0, $1), effect: Effect(logarithms: [$2, $2]), verdict: .better, workloads: [],
        doubt: nil)
    }
    let finding = TrialFinding(
      trial: 7, role: Role.share.rawValue, configuration: .baseline, reference: .baseline,
      outcome: .measured, aims: aims, constraints: [], drops: [:], validPairs: 8, invalidPairs: 0)
    let effects = ["throughput_bps": 0.02, "latency_p99_us": 0.03].compactMapValues {
      Effect(logarithms: [$0])
    }
    let found = HostWideFinding(
      name: "mtu", value: .number(9000),
      recommendedFor: [
        .init(nic: "eno1", effect: effects["throughput_bps"], effects: effects)
      ],
      others: [Self.other(.helps, finding)])
    #expect(
      HostWideText.sentences([found]) == [
        "mtu=9000 is recommended for eno1 (throughput_bps +2.0 %; latency_p99_us +3.0 %); it helps "
          + "ens1 (throughput_bps +5.1 %, 95 %: +5.1 % … +5.1 %; "
          + "latency_p99_us −9.5 %, 95 %: −9.5 % … −9.5 %): it suits all of them"
      ])
  }

  @Test func itIsInTheSummaryAndInTheJSON() throws {
    let finding = try Self.finding([-0.03, -0.03], verdict: .worse)
    let found = Self.found([Self.other(.hurts, finding)])
    let recommendations = try ExampleRunTests.recommendations()
    let summary = SummaryMarkdown.text(
      recommendations, hostWide: [found], directory: "Reports/example")
    #expect(
      summary.contains(
        "\n## Settings of the whole host\n\n- sysctl.net.core.netdev\\_max\\_backlog=4000 is "))
    #expect(!SummaryMarkdown.text(recommendations, directory: "").contains("whole host"))
    let document = RecommendationJSON(recommendations, hostWide: [found])
    let bytes = try document.encoded()
    #expect(try RecommendationJSON(decoding: bytes) == document)
    #expect(String(decoding: bytes, as: UTF8.self).contains("\"outcome\" : \"hurts\""))
    let without = try RecommendationJSON(recommendations).encoded()
    #expect(!String(decoding: without, as: UTF8.self).contains("hostWide"))
  }
}
