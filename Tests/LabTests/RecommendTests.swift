import Foundation
import Measurement
import Report
import TestSupport
import Testing

/// The table alone yields what the sweep recommended.
@Suite(.serialized, .enabled(if: LabTier.isOn, "\(LabTier.reason)"))
struct RecommendTests {
  private static let profile = """
    name: bulk
    target: {lab: veth}
    workloads: [{name: bulk, datapath: packet, kind: flood, frame: mtu}]
    knobs:
      mtu: [default, 9000]
      qdisc: [default, "tbf rate 100mbit burst 32kb latency 5ms"]
    objective: {maximise: throughput_bps}
    search: {strategy: grid, effect: 2%}
    sampling: {slice: 10ms, pairs: 4, blocks: 6, confirming-blocks: 6}
    """

  @Test func isTheSameByteForByte() throws {
    let bench = try SweepBench(profile: Self.profile)
    let run = bench.run("run")
    let printed = try bench.sweep(into: run, "--format", "json").output
    let written = try String(contentsOfFile: run.recommendation, encoding: .utf8)
    #expect(printed == written)
    let recommendation = try #require(
      RecommendationJSON(decoding: Array(written.utf8)).recommendations.first)
    #expect(recommendation.configuration == Configuration(["mtu": .number(9000)]))

    // A copy of the table in an otherwise empty folder.
    let copy = try TemporaryFolder()
    try FileManager.default.copyItem(atPath: run.trials, toPath: copy.path + "/trials.csv")
    for source in [run.path, copy.path, copy.path + "/trials.csv"] {
      let derived = try Program.kvmtune.run(["recommend", source, "--format", "json"])
      #expect(derived.status == 0, "\(derived.errors)")
      #expect(derived.output == written, "from \(source)")
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: copy.path) == ["trials.csv"])
  }
}
