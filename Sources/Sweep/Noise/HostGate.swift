import Foundation
import Knobs
import Measurement

/// What a sweep must pass after its noise trial and before its search.
struct HostGate {
  private let profile: Profile
  private let directory: RunDirectory
  private let state: StateFolder
  /// In front of what is noted of this target, where the run has others too.
  private let prefix: String
  private let fingerprint: NoiseRecord.Fingerprint
  private let isForced: Bool

  /// - Parameter profile: of the job, for the target that stands alone.
  init(
    _ job: SweepJob, _ profile: Profile, _ state: StateFolder, _ stand: Stand, isForced: Bool
  ) throws {
    self.profile = profile
    directory = job.directory
    self.state = state
    self.isForced = isForced
    prefix = job.profile.targets.count > 1 ? "\(stand.nic): " : ""
    fingerprint = try NoiseRecord.Fingerprint(profile, on: stand, .read())
  }

  /// What is kept of this host and target from an earlier time.
  func known() throws -> NoiseRecord? { try NoiseRecord.kept(of: fingerprint, in: state) }

  /// Keeps what the noise trial has shown, unless the host is not fit; then notes that the run is
  /// taken on all the same, or ends it.
  ///
  /// That default against default differs is no matter here: the sweep has looked a second time.
  /// - Parameter records: all that was measured of this target so far.
  /// - Throws: ``HostUnfit``; what the file system says.
  func pass(
    _ fitness: HostFitness, _ records: [TrialRecord], _ observer: some SweepObserver
  ) throws {
    guard let (noise, measuredAt, objections) = try judge(fitness, records) else { return }
    let told = objections.map { prefix + $0 }
    guard objections.isEmpty || isForced else { throw HostUnfit(objections: told) }
    if !objections.isEmpty {
      try directory.note { manifest in
        let others = manifest.takenOn?.filter { !$0.hasPrefix(prefix) } ?? []
        manifest.takenOn = others + told
      }
      observer.takesOn(told)
    }
    let record = NoiseRecord(
      noise, of: fingerprint, fitness, objections: objections, measuredAt: measuredAt)
    try record.keep(in: state)
  }

  /// Says why a sweep that ends with its noise trial has failed, if the host is to blame.
  ///
  /// - Throws: ``HostUnfit``.
  func explain(_ fitness: HostFitness, _ records: [TrialRecord]) throws {
    guard records.allSatisfy({ [.noise, .baseline].contains($0.role) }),
      let (_, _, objections) = try judge(fitness, records), !objections.isEmpty
    else { return }
    throw HostUnfit(objections: objections.map { prefix + $0 })
  }

  /// Nil if no noise was measured. A run that goes on may have measured it days ago.
  private func judge(
    _ fitness: HostFitness, _ records: [TrialRecord]
  ) throws -> (noise: NoiseProfile, measuredAt: Date, objections: [String])? {
    guard let trial = try Evidence(records).trials.last(where: { $0.role == .noise }) else {
      return nil
    }
    let noise = NoiseProfile(trial, profile)
    let last = records.filter { $0.role == .noise }.map(\.measured.startedAt).max() ?? 0
    return (
      noise, Date(timeIntervalSince1970: Double(last) / 1e9),
      fitness.objections(noise, isDifferenceConfirmed: false)
    )
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
