import Knobs
import Measurement

/// What a sweep must pass after its noise trial and before its search.
struct HostGate {
  private let job: SweepJob
  private let state: StateFolder
  private let fingerprint: NoiseRecord.Fingerprint
  private let isForced: Bool

  init(_ job: SweepJob, _ state: StateFolder, _ stand: Stand, isForced: Bool) throws {
    self.job = job
    self.state = state
    self.isForced = isForced
    fingerprint = try NoiseRecord.Fingerprint(job.profile, on: stand, .read())
  }

  /// What is kept of this host and target from an earlier time.
  func known() throws -> NoiseRecord? { try NoiseRecord.kept(of: fingerprint, in: state) }

  /// Keeps what the noise trial has shown, unless the host is not fit; then notes that the run is
  /// taken on all the same, or ends it.
  ///
  /// That default against default differs is no matter here: the sweep has looked a second time.
  /// - Parameter records: all that was measured so far.
  /// - Throws: ``HostUnfit``; what the file system says.
  func pass(
    _ fitness: HostFitness, _ records: [TrialRecord], _ observer: some SweepObserver
  ) throws {
    guard let (noise, objections) = try judge(fitness, records) else { return }
    guard objections.isEmpty || isForced else { throw HostUnfit(objections: objections) }
    if !objections.isEmpty {
      try job.directory.note { $0.takenOn = objections }
      observer.takesOn(objections)
    }
    try NoiseRecord(noise, of: fingerprint, fitness, objections: objections).keep(in: state)
  }

  /// Says why a sweep that ends with its noise trial has failed, if the host is to blame.
  ///
  /// - Throws: ``HostUnfit``.
  func explain(_ fitness: HostFitness, _ records: [TrialRecord]) throws {
    guard records.allSatisfy({ [.noise, .baseline].contains($0.role) }),
      let (_, objections) = try judge(fitness, records), !objections.isEmpty
    else { return }
    throw HostUnfit(objections: objections)
  }

  /// Nil if no noise was measured.
  private func judge(
    _ fitness: HostFitness, _ records: [TrialRecord]
  ) throws -> (noise: NoiseProfile, objections: [String])? {
    guard let trial = try Evidence(records).trials.last(where: { $0.role == .noise }) else {
      return nil
    }
    let noise = NoiseProfile(trial, job.profile)
    return (noise, fitness.objections(noise, isDifferenceConfirmed: false))
  }
}

/// A host on which no verdict would be worth anything.
package struct HostUnfit: Error, Hashable, CustomStringConvertible {
  package let objections: [String]

  package init(objections: [String]) { self.objections = objections }

  package var description: String {
    "this host is not fit to measure on: \(objections.joined(separator: "; "))"
  }
}
