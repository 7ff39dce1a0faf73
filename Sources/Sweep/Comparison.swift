package import Kernel
package import Knobs
package import Lab
package import Measurement
import Optimiser
package import Traffic

/// One question, answered the way a sweep answers its many: what does a candidate do, held against
/// a reference, to one workload in a lab?
package struct Comparison: Sendable {
  package let topology: LabTopology
  package let workload: Workload
  package let candidate: Configuration
  /// What it is held against; the empty one is the lab as it is made.
  package let reference: Configuration
  /// ``Profile/Sampling/blocks`` counts; there is no second stage.
  package let sampling: Profile.Sampling

  package init(
    of candidate: Configuration, against reference: Configuration = .baseline,
    with workload: Workload, in topology: LabTopology,
    sampling: Profile.Sampling = Profile.Sampling()
  ) {
    self.candidate = candidate
    self.reference = reference
    self.workload = workload
    self.topology = topology
    self.sampling = sampling
  }

  /// Makes twins of the lab, measures every block, removes the twins and puts back what they shared
  /// with the host.
  ///
  /// - Parameter state: where the journal lies meanwhile.
  /// - Returns: every pair of samples; a configuration that the kernel refused, or under which
  ///   traffic broke down, has invalid ones that say why.
  /// - Throws: `WorkloadError`; ``SweepInterrupted``; what making a lab throws;
  ///   ``NotRestored``.
  package func run(
    state: StateFolder = .standard(), interruption: Interruption = Interruption()
  ) throws -> TrialEvidence {
    try workload.validate()
    let journal = try Journal(in: state)
    let stand = try Stand(topology, queues: CPUSet.allowed().count, journal: journal)
    let measured = Result { try measure(on: stand, interruption) }
    let failures = stand.close()
    if !failures.isEmpty { throw NotRestored(failures: failures) }
    try journal.finish()
    guard let trial = try Evidence(measured.get()).trials.first else {
      preconditionFailure("every block has rows of both sides")
    }
    return trial
  }

  private func measure(on stand: Stand, _ interruption: Interruption) throws -> [TrialRecord] {
    let blocks = BlockMeasurement(
      stand: stand, sampling: sampling,
      knobs: Set(candidate.names + reference.names).sorted(),
      identity: BlockMeasurement.RunIdentity(
        run: "comparison", host: HostEnvironment.read().hostName, objective: "", seed: 0),
      interruption: interruption)
    let request = TrialRequest(
      trial: 0, role: .search, candidate: candidate, reference: reference,
      blocks: sampling.blocks)
    return try (0..<request.blocks).flatMap {
      try blocks.measure(request, block: $0, workloads: [workload])
    }
  }
}
