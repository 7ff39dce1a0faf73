import Measurement
import Sweep
import TestSupport
import Testing

/// Where there is nothing to find, nothing is recommended.
@Suite(.serialized, .enabled(if: LabTier.isOn, "\(LabTier.reason)"))
struct NullTests {
  /// Raw frames never pass a listening socket: its knobs cannot act on them.
  private static let profile = """
    name: nothing
    target: {lab: veth}
    workloads: [{name: flood, datapath: packet, kind: flood, frame: 64B}]
    knobs:
      sysctl.net.core.somaxconn: [default, 128, 512, 1024]
      sysctl.net.ipv4.tcp_max_syn_backlog: [default, 256, 1024]
    objective: {maximise: delivered_pps}
    search: {strategy: random, trials: 1, effect: 2%, controls: keep}
    sampling: {slice: 10ms, pairs: 8, blocks: 6, confirming-blocks: 6}
    """

  /// A finding is a verdict: at 5 % one of ten sweeps may have a false one.
  @Test func defaultAgainstDefaultRecommendsNothing() throws {
    let bench = try SweepBench(profile: Self.profile)
    var found: [String] = []
    for seed in 1...10 {
      let run = bench.run("\(seed)")
      _ = try bench.sweep(into: run, "--seed", "\(seed)")
      let recommendation = try #require(Conclusion(table: run.trials).recommendations.first)
      let noise = try #require(recommendation.noise)
      #expect(noise.trial.validPairs > noise.trial.invalidPairs)
      #expect(recommendation.decision == .changeNothing, "\(recommendation.reason)")
      let trials = [noise.trial] + recommendation.search + recommendation.checks
      let surprises = trials.filter { $0.verdict == .better || $0.verdict == .worse }
      if !surprises.isEmpty {
        found.append("seed \(seed): \(surprises.map { "\($0.verdict) \($0.configuration)" })")
      }
    }
    #expect(found.count <= 1, "\(found)")
  }
}
