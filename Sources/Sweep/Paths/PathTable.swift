import Kernel
import Lab
import Measurement
import Traffic

/// The rows of a `paths.csv`: what a table of trials has, with a scheme where the NIC would stand
/// and a round where the block would.
struct PathTable {
  let run: String
  let host: String
  let seed: UInt64

  /// What a row says of the guest besides its definition.
  private static let acceleratorColumn = KnobName(rawValue: "guest.accelerator")

  static func schema(hops: [String]) -> TableSchema {
    TableSchema(
      knobs: InterfaceField.allCases.map(\.knob) + [acceleratorColumn],
      hops: hops + TrafficSession.receivingHops)
  }

  static func accelerator(_ row: TrialRecord) -> String? {
    row.effective[acceleratorColumn]?.description
  }

  func row(
    _ scheme: Scheme, _ workload: Workload, round: Int, of lab: GuestLab, _ sample: Sample
  ) -> TrialRecord {
    var effective = scheme.configuration
    effective.values[Self.acceleratorColumn] = .word(lab.guest.accelerator.name)
    return row(
      scheme, workload, round: round, driver: lab.driver, effective: effective, sample)
  }

  /// The row of a window that there is not: the scheme does not run, or the workload broke down.
  func row(_ scheme: Scheme, _ workload: Workload, round: Int, reason: String) -> TrialRecord {
    let sample = Sample(
      startedAt: MonotonicTime.sinceEpoch(), duration: 0, metrics: [:],
      invalidReason: reason.split(separator: "\n").joined(separator: " "))
    return row(
      scheme, workload, round: round, driver: "", effective: scheme.configuration,
      sample)
  }

  private func row(
    _ scheme: Scheme, _ workload: Workload, round: Int, driver: String, effective: Configuration,
    _ sample: Sample
  ) -> TrialRecord {
    TrialRecord(
      run: run, host: host, nic: scheme.name, driver: driver, objective: "", seed: seed,
      datapath: workload.datapath.rawValue, workload: workload.name,
      frameBytes: workload.datapath == .tcp ? 0 : workload.frame.bytes(mtu: 1500),
      trial: Scheme.all.firstIndex(of: scheme) ?? 0, block: round,
      role: scheme.name == Scheme.reference ? .baseline : .search, sample: 0,
      requested: scheme.configuration, effective: effective, measured: sample)
  }
}
