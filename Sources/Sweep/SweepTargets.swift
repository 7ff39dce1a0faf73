import Knobs
import Measurement

/// The targets of a sweep, held so that nobody else tunes them. One of them stands at a time: before
/// the next one does, everything is put back.
final class SweepTargets {
  /// What was found of a target before the first trial.
  struct Survey {
    let nic: String
    let resolved: ResolvedSpace
    let hops: [String]
    let fingerprint: TargetFingerprint
    /// What is known from earlier, as the run began.
    let start: RunStart

    var earlier: EarlierFindings? { start.earlier }
    var knobs: [KnobName] { resolved.space.dimensions.map(\.knob) }
  }

  private final class Entry {
    var profile: Profile
    let choice: TargetChoice

    init(_ profile: Profile, _ choice: consuming TargetChoice) {
      self.profile = profile
      self.choice = choice
    }
  }

  private let job: SweepJob
  private let state: StateFolder
  private var entries: [Entry] = []
  private var standing: (place: Int, stand: Stand, journal: Journal)?
  /// What could not be put back so far.
  private var failures: [String] = []

  /// - Parameter guests: makes what starts guests; called only if a target is one.
  /// - Throws: as ``TargetChoice``.
  init(
    _ job: SweepJob, in state: StateFolder, allowManagement: Bool,
    guests: () throws -> any GuestMaker
  ) throws {
    self.job = job
    self.state = state
    for profile in job.profile.each {
      let choice = try TargetChoice(
        profile, file: job.file, state: state, allowManagement: allowManagement,
        holdsHost: entries.isEmpty, guests: guests)
      entries.append(Entry(profile, choice))
    }
  }

  /// The profile for one target alone.
  func profile(at place: Int) -> Profile { entries[place].profile }

  /// Makes that target stand, unless it does.
  ///
  /// - Throws: ``NotRestored`` if the one before it could not be put back; what making it throws.
  func stand(at place: Int) throws -> Stand {
    if let standing, standing.place == place { return standing.stand }
    let failures = try close()
    guard failures.isEmpty else { throw NotRestored(failures: failures) }
    let journal = try Journal(in: state)
    do {
      let stand = try entries[place].choice.makeStand(journal: journal)
      standing = (place, stand, journal)
      return stand
    } catch {
      try journal.finish()
      throw error
    }
  }

  /// Puts back what was changed. Says what could not be put back, of any target so far.
  func close() throws -> [String] {
    guard let (_, stand, journal) = standing else { return failures }
    standing = nil
    let left = stand.close()
    failures += left
    // A journal that is left behind is tried again by the supervisor and by `kvmtune restore`.
    if left.isEmpty { try journal.finish() }
    return failures
  }

  /// Looks at every target, at the first one last, so that it stands when measuring begins.
  func survey() throws -> [Survey] {
    Array(try entries.indices.reversed().map { try survey(at: $0) }.reversed())
  }

  private func survey(at place: Int) throws -> Survey {
    let stand = try stand(at: place)
    let start =
      try job.start(at: place)
      ?? RunStart(entries[place].profile, job, on: TargetFingerprint(on: stand, .read()), in: state)
    entries[place].profile.sampling = start.sampling
    let profile = entries[place].profile
    do {
      return Survey(
        nic: stand.nic,
        resolved: try ResolvedSpace(
          profile, on: try stand.side(0, for: .baseline).tuner, file: job.file),
        hops: try stand.hops(of: profile.workloads),
        fingerprint: TargetFingerprint(of: job.manifest, on: stand), start: start)
    } catch let error as TargetError where entries.count > 1 {
      throw TargetError("\(stand.nic): \(error)")
    }
  }
}
