import Measurement
import Sweep
import TestSupport
import Testing

/// What one sweep has found good comes first in the next, and is measured like everything else.
@Suite(.serialized, .enabled(if: LabTier.isOn, "\(LabTier.reason)"))
struct WarmStartTests {
  /// At a fixed rate of frames that fill the MTU, the MTU alone decides how many bits arrive.
  private static func profile(_ search: String) -> String {
    """
    name: warm
    target: {lab: veth}
    workloads: [{name: steady, datapath: packet, kind: rate, rate: 2kpps, frame: mtu}]
    knobs: {txqueuelen: [default, 500, 600, 700], mtu: [default, 9000]}
    objective: {maximise: throughput_bps, subject-to: []}
    search: {strategy: random, effect: 50%, controls: keep, \(search)}
    sampling: {slice: 20ms, pairs: 2, blocks: 6, confirming-blocks: 6}
    """
  }

  private let bench: SweepBench
  private let nine = Configuration(["mtu": .number(9000)])

  init() throws { bench = try SweepBench(profile: Self.profile("trials: 7")) }

  /// The configurations of a search, in their order.
  private func tried(_ run: RunDirectory) throws -> [Configuration] {
    try #require(Conclusion(table: run.trials).recommendations.first).search.map(\.configuration)
  }

  private func sweep(_ name: String, _ search: String) throws -> (RunDirectory, Ended) {
    let other = try SweepBench(profile: Self.profile(search))
    let run = bench.run(name)
    let ended = try Program.kvmtune.run(
      ["sweep", other.profile, "--output", run.path, "--force"], environment: bench.environment)
    try #require(ended.status == 0, "\(ended.errors)")
    return (run, ended)
  }

  @Test func whatWasFoundIsTriedFirst() throws {
    let first = bench.run("first")
    #expect(!(try bench.sweep(into: first).errors.contains("first come")))
    let cold = try tried(first)
    let found = try #require(Conclusion(table: first.trials).recommendations.first)
    try #require(found.configuration == nine, "\(found.reason)")
    #expect(cold.count == 7 && cold.first != nine)

    let (again, ended) = try sweep("again", "trials: 1")
    #expect(try tried(again) == [nine])
    #expect(ended.errors.contains("first come configurations that did well in \(found.run)"))
    let earlier = try #require(try again.readManifest().starts?.first?.earlier)
    #expect(earlier.run == found.run && earlier.configurations.first == nine)
    #expect((2...4).contains(earlier.configurations.count))

    let (off, _) = try sweep("off", "trials: 7, warm-start: off")
    #expect(try tried(off) == cold)
    let starts = try #require(try off.readManifest().starts)
    #expect(starts.map(\.earlier) == [nil])
  }
}
