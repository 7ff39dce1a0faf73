package import Kernel
import Knobs
import Lab
import Measurement
import Optimiser
import Traffic

/// What a measuring of noise tells whoever watches it.
package protocol NoiseObserver: RateObserver {
  /// The target stands, and measuring begins.
  func began(nic: String, seconds: Double)
  /// A block is measured.
  func finished(block: Int, secondsLeft: Double)
  /// The host is as it was, or not: what could not be put back.
  func restored(failures: [String])
}

/// Default against default on a profile's target: what this host can see, and how long that takes.
///
/// It measures as a sweep does, with the profile's slices and pairs, and changes no setting.
package struct NoiseRun {
  private let profile: Profile
  private let file: String
  private let seconds: Double
  private let allowManagement: Bool
  private let interruption: Interruption
  private let guests: () throws -> any GuestMaker

  /// Fewer would say nothing of how much they differ.
  private static let leastSwapPairs = 3

  /// - Parameters:
  ///   - file: of the profile, for errors.
  ///   - seconds: that blocks are begun for; three swap pairs are measured whatever they take.
  ///   - guests: makes what starts guests; called only if the target is one.
  package init(
    _ profile: Profile, file: String, seconds: Double, allowManagement: Bool,
    interruption: Interruption, guests: @escaping () throws -> any GuestMaker
  ) {
    self.profile = profile
    self.file = file
    self.seconds = seconds
    self.allowManagement = allowManagement
    self.interruption = interruption
    self.guests = guests
  }

  /// Measures, and puts back whatever was made.
  ///
  /// - Returns: what was found; nothing is kept yet.
  /// - Throws: ``SweepInterrupted``, ``NotRestored``, and the errors of the modules below.
  package func run(_ observer: some NoiseObserver) throws -> NoiseRecord {
    let state = StateFolder.standard()
    let choice = try TargetChoice(
      profile, file: file, state: state, allowManagement: allowManagement, guests: guests)
    let journal = try Journal(in: state)
    let stand: Stand
    do {
      stand = try choice.makeStand(journal: journal)
    } catch {
      try journal.finish()
      throw error
    }
    let measured = Result { try measure(on: stand, observer) }
    let failures = stand.close()
    observer.restored(failures: failures)
    if failures.isEmpty { try journal.finish() }
    let record = try measured.get()
    if !failures.isEmpty { throw NotRestored(failures: failures) }
    return record
  }

  private func measure(on stand: Stand, _ observer: some NoiseObserver) throws -> NoiseRecord {
    let workloads = try LoadRates(of: profile).resolve(on: stand, interruption, observer)
    let check = try HostCheck(on: stand, workloads, interruption)
    let host = HostEnvironment.read()
    let blocks = BlockMeasurement(
      stand: stand, sampling: profile.sampling, knobs: [],
      identity: BlockMeasurement.RunIdentity(
        run: "noise", host: host.hostName, objective: profile.objective.description, seed: 0),
      interruption: interruption)
    let request = TrialRequest(
      trial: 0, role: .noise, candidate: .baseline, reference: .baseline, blocks: .max)
    observer.began(nic: stand.nic, seconds: seconds)
    var records: [TrialRecord] = []
    let begin = MonotonicTime.now()
    var block = 0
    var left = seconds
    // Whole swap pairs, as many as come closest to the time.
    while block < 2 * Self.leastSwapPairs || left > (seconds - left) / Double(block) {
      for _ in 0..<2 {
        records += try blocks.measure(request, block: block, workloads: workloads)
        block += 1
        left = seconds - Double(MonotonicTime.now() - begin) / 1e9
        observer.finished(block: block, secondsLeft: max(0, left))
      }
    }
    return try record(of: records, on: stand, host, check.fitness)
  }

  private func record(
    of records: [TrialRecord], on stand: Stand, _ host: HostEnvironment, _ fitness: HostFitness
  ) throws -> NoiseRecord {
    guard let trial = try Evidence(records).trials.first else {
      preconditionFailure("every block has rows of both sides")
    }
    let noise = NoiseProfile(trial, profile)
    return NoiseRecord(
      noise, of: try NoiseRecord.Fingerprint(profile, on: stand, host), fitness,
      objections: fitness.objections(noise))
  }
}

extension NoiseProfile {
  /// What a noise trial shows for the trials that a profile asks for.
  init(_ trial: TrialEvidence, _ profile: Profile) {
    self.init(
      trial, profile.objective,
      sizes: Sizes(
        search: profile.sampling.blocks / 2, confirming: profile.sampling.confirmingBlocks / 2))
  }
}
