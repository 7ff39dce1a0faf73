import Foundation
import Measurement
import TestSupport
import Testing

@testable import Sweep

/// A negative control that seems to act is told by whoever derives the recommendation.
@Suite struct ControlTests {
  private static let profile = """
    name: control
    target: {lab: veth}
    workloads: [{name: bulk, datapath: packet, kind: flood, bypass-qdisc: true}]
    knobs: {qdisc: [default, fq]}
    objective: {maximise: delivered_pps, subject-to: []}
    search: {controls: keep}

    """

  /// Default against default, which agree, and a qdisc that seems to double the rate.
  private static func records() -> [TrialRecord] {
    var random = SeededGenerator(seed: 3)
    let qdisc = Configuration(["qdisc": .word("fq")])
    return [(Role.noise, 12), (Role.search, 6)].enumerated().flatMap { trial, course in
      (0..<course.1).flatMap { block in
        (0..<4).flatMap { sample in
          [Role.baseline, course.0].map { role in
            let factor = role == .search ? 2.0 : 1
            return TrialRecord(
              run: "control-1", host: "h", nic: "lab:veth", driver: "veth",
              objective: "maximise delivered_pps", seed: 1, datapath: "packet", workload: "bulk",
              frameBytes: 60, trial: trial, block: block, role: role, sample: sample,
              requested: role == .search ? qdisc : .baseline,
              effective: role == .search ? qdisc : .baseline,
              measured: Sample(
                startedAt: UInt64(trial * 100_000 + block * 1000 + sample * 40) * 1_000_000,
                duration: 0.02,
                metrics: [.deliveredRate: 1e6 * factor * (1 + 0.01 * random.normal())]))
          }
        }
      }
    }
  }

  @Test func itsWarningIsNotLostWhereTheRunIsReadAgain() throws {
    let kvmtune = try Kvmtune()
    let directory = RunDirectory(path: kvmtune.folder.path + "/run")
    try directory.create(
      RunManifest(
        run: "control-1", startedAt: "2026-01-01T12:00:00Z", profileFile: "p.yaml",
        profile: Self.profile, nic: nil, seed: 1))
    let table = TrialTable(
      schema: TableSchema(knobs: ["qdisc"], hops: []), records: Self.records())
    try Data(table.encoded()).write(to: URL(filePath: directory.trials))
    let found = try kvmtune.run("recommend", "run/trials.csv", "--format", "json").output
    try Data(found.utf8).write(to: URL(filePath: directory.recommendation))
    let warning = "\nWarning: a negative control seems to act ("
    let run = try kvmtune.run("recommend", "run")
    #expect(run.status == 0 && run.output.contains(warning), "\(run.output)\(run.errors)")
    // The table alone does not tell which knobs are controls.
    #expect(try !kvmtune.run("recommend", "run/trials.csv").output.contains(warning))
  }
}
