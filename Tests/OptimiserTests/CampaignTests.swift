import Measurement
import Optimiser
import Testing

@Suite struct CampaignTests {
  static let objective = """
    maximise throughput_bps; subject-to latency_p99_us <= 1.10x baseline, loss_ratio <= 0.001; \
    effect 2%
    """

  static func campaign() throws -> Campaign {
    let space = try SearchSpace([
      SearchSpace.Dimension(knob: "mtu", values: [SearchSpace.untouched, .number(9000)]),
      SearchSpace.Dimension(
        knob: "qdisc", values: [SearchSpace.untouched, .word("fq"), .word("tbf rate 1gbit")]),
      SearchSpace.Dimension(knob: "ring.rx", values: [SearchSpace.untouched, .number(4096)]),
    ])
    return try Campaign(
      space: space, strategy: .grid, objective: Objective(parsing: objective),
      workloads: ["large", "small"])
  }

  @Test func theSweepRunsToItsEnd() throws {
    let campaign = try Self.campaign()
    var bench = ScriptedBench(objective: Self.objective)
    var requests: [TrialRequest] = []
    while let request = try campaign.next(after: bench.records) {
      requests.append(request)
      bench.measure(request, workloads: campaign.workloads)
      try #require(requests.count < 100)
    }
    let recommendation = try #require(try Recommendation.derive(from: bench.records).first)
    #expect(recommendation.decision == .change)
    #expect(recommendation.configuration == Configuration(["mtu": .number(9000)]))
  }
}
