import Foundation
import Measurement
import Report
import Sweep
import TestSupport
import Testing

/// Sweeps of the NICs `a` and `c` by the program itself, in a namespace of the test's own.
///
/// A setting of the whole host is not shown in such a namespace. So the program sees a folder in the
/// place of `/proc/sys/net/core`, in which there is one; what it writes there reaches no kernel.
final class SeveralNICs {
  static let backlog: KnobName = "sysctl.net.core.netdev_max_backlog"
  let cables: Cables
  let sweep: SweepBench
  private let settings: TemporaryFolder

  init(knobs: String) throws {
    cables = try Cables(2)
    settings = try TemporaryFolder()
    sweep = try SweepBench(
      profile: """
        name: several
        target: [{nic: a, peer: b}, {nic: c, peer: d}]
        workloads: [{name: flood, datapath: packet, kind: flood, frame: 64B}]
        knobs: \(knobs)
        objective: {maximise: delivered_pps, subject-to: []}
        search: {strategy: grid, controls: keep}
        sampling: {slice: 5ms, pairs: 2, blocks: 6, confirming-blocks: 6}
        """)
    _ = try settings.file("netdev_max_backlog", "1000\n")
    _ = try settings.file("somaxconn", "4096\n")
  }

  var run: RunDirectory { sweep.run("run") }

  /// What the setting is now.
  func value() throws -> String {
    try String(contentsOfFile: settings.path + "/netdev_max_backlog", encoding: .utf8)
      .trimmingCharacters(in: .newlines)
  }

  func start(_ arguments: String...) throws -> Running {
    let script = #"mount --bind "$0" /proc/sys/net/core && exec "$@""#
    return try Program("/bin/sh").inNamespace(cables.namespace).start(
      ["-c", script, settings.path, Program.kvmtune.path] + arguments,
      environment: sweep.environment)
  }

  func records() throws -> [TrialRecord] { try TrialsFile.read(run.trials).records }

  // MARK: A run that is made up

  /// Puts rows in the place of the run's own by which more backlog is a half better on `a`, and
  /// makes no difference on `c`.
  func makeUp() throws {
    let table = try TrialsFile.read(run.trials)
    var records: [TrialRecord] = []
    for nic in ["a", "c"] {
      let template = try #require(table.records.first { $0.nic == nic })
      for (trial, role) in [Role.noise, .search, .validate].enumerated() {
        if nic == "c", role == .validate { continue }
        for block in 0..<6 {
          for sample in 0..<2 {
            records += [true, false].map {
              Self.row(template, trial, role, block, sample, isReference: $0)
            }
          }
        }
      }
    }
    let made = TrialTable(schema: table.schema, records: records)
    try Data(made.encoded()).write(to: URL(filePath: run.trials))
  }

  private static func row(
    _ template: TrialRecord, _ trial: Int, _ role: Role, _ block: Int, _ sample: Int,
    isReference: Bool
  ) -> TrialRecord {
    let isChanged = !isReference && role != .noise
    var row = template
    (row.trial, row.block, row.sample) = (trial, block, sample)
    row.role = isReference ? .baseline : role
    row.requested = isChanged ? Configuration([backlog: .number(4000)]) : .baseline
    row.effective = Configuration([backlog: .number(isChanged ? 4000 : 1000)])
    let gain = isChanged && row.nic == "a" ? 1.5 : 1
    // No two blocks are quite the same.
    let rate = 1e6 * (1 + 0.001 * Double(block % 3)) * gain * (isReference ? 1 : 1.0005)
    row.measured = Sample(
      startedAt: template.measured.startedAt + UInt64(trial * 100 + block) * 1_000_000,
      duration: 0.005, metrics: [.deliveredRate: rate])
    return row
  }
}
