import Kernel
import Knobs
import Measurement
import Optimiser
import Traffic

/// One target of a sweep: what is found out once, before its first trial.
final class SweptTarget {
  let nic: String
  private let gate: HostGate
  private let check: HostCheck
  private let workloads: [Workload]
  private var isPassed = false

  /// - Parameter isFirst: no other target of the sweep was measured before.
  init(
    _ job: SweepJob, _ profile: Profile, on stand: Stand, _ state: StateFolder, isForced: Bool,
    isFirst: Bool, _ interruption: Interruption, _ observer: some SweepObserver
  ) throws {
    nic = stand.nic
    gate = try HostGate(job, profile, state, stand, isForced: isForced)
    if let known = try gate.known() { observer.knows(known) }
    workloads = try LoadRates(of: job, profile, on: stand.nic, isFirst: isFirst)
      .resolve(on: stand, interruption, observer)
    check = try HostCheck(on: stand, workloads, interruption)
  }

  /// Lets a trial begin, if the host is fit for it.
  ///
  /// - Throws: as ``HostGate/pass(_:_:_:)``.
  func pass(
    before request: TrialRequest, _ records: RunRecords, _ observer: some SweepObserver
  ) throws {
    guard request.role != .noise, !isPassed else { return }
    try gate.pass(check.fitness, records.rows(of: nic), observer)
    isPassed = true
  }

  /// Says why a target that was left with its noise trial has failed, if the host is to blame.
  ///
  /// - Throws: ``HostUnfit``.
  func explain(_ records: RunRecords) throws {
    if !isPassed { try gate.explain(check.fitness, records.rows(of: nic)) }
  }

  /// The workloads that a block still needs.
  func due(_ request: TrialRequest, block: Int) -> [Workload] {
    workloads.filter { request.needs(block: block, workload: $0.name) }
  }
}
