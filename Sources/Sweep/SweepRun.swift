import Foundation
package import Kernel
import Knobs
import Lab
package import Measurement
package import Optimiser
import Report
import Traffic

/// What a sweep tells whoever watches it.
package protocol SweepObserver: RateObserver {
  /// The noise of this host and target is known from earlier.
  func knows(_ noise: NoiseRecord)
  /// The search first tries what an earlier one of the same target found good.
  func starts(from earlier: EarlierFindings)
  /// The host is not fit, and is taken on all the same.
  func takesOn(_ objections: [String])
  /// Before the first trial: what will be tried on what.
  func began(_ run: RunDirectory, nic: String, _ space: ResolvedSpace, configurations: Int)
  /// A trial, or what is left of one, is about to be measured.
  func began(_ request: TrialRequest, remaining: Remaining, secondsPerBlock: Double?)
  /// A block is on disk.
  func finished(block: Int, of request: TrialRequest)
  /// The host is as it was, or not: what could not be put back.
  func restored(failures: [String])
}

/// One sweep, from the profile to the recommendation.
package struct SweepRun {
  private let job: SweepJob
  private let allowManagement: Bool
  private let isForced: Bool
  private let interruption: Interruption
  private let guests: () throws -> any GuestMaker

  private var profile: Profile { job.profile }
  package var directory: RunDirectory { job.directory }

  /// - Parameters:
  ///   - isForced: go on though the host is not fit.
  ///   - guests: makes what starts guests; called only if the target is one.
  package init(
    _ job: SweepJob, allowManagement: Bool, isForced: Bool, interruption: Interruption,
    guests: @escaping () throws -> any GuestMaker
  ) {
    // A run that was taken on once goes on so.
    self.isForced = isForced || job.manifest.takenOn != nil
    self.guests = guests
    self.job = job
    self.allowManagement = allowManagement
    self.interruption = interruption
  }

  /// Measures until the campaign is done, then derives the recommendation from the table on disk.
  ///
  /// However it ends, the target is put back. What was measured is on disk.
  /// - Throws: ``SweepInterrupted``, ``HostUnfit``, and the errors of the modules below.
  package func run(_ observer: some SweepObserver) throws -> Conclusion {
    let state = StateFolder.standard()
    let choice = try TargetChoice(
      profile, file: job.file, state: state, allowManagement: allowManagement, guests: guests)
    let journal = try Journal(in: state)
    let stand = try choice.makeStand(journal: journal)
    let measured = Result { try measure(on: stand, state, observer) }
    let failures = stand.close()
    directory.removeEmptyConsoles()
    observer.restored(failures: failures)
    // A journal that is left behind is tried again by the supervisor and by `kvmtune restore`.
    if failures.isEmpty { try journal.finish() }
    try measured.get()
    let conclusion = try Conclusion(
      table: directory.trials, controls: profile.controls, manifest: directory.readManifest())
    try conclusion.write(to: directory)
    try EarlierFindings.keep(conclusion, of: directory.readManifest(), in: state)
    if !failures.isEmpty { throw NotRestored(failures: failures) }
    return conclusion
  }

  private func measure(
    on stand: Stand, _ state: StateFolder, _ observer: some SweepObserver
  ) throws {
    let resolved = try ResolvedSpace(
      profile, on: try stand.side(0, for: .baseline).tuner, file: job.file)
    let earlier = try EarlierFindings(of: job, on: stand, in: state)
    let campaign = try Campaign(
      profile, resolved.space, file: job.file,
      start: earlier?.configurations(in: resolved.space) ?? [], isForced: isForced)
    let schema = TableSchema(
      knobs: resolved.space.dimensions.map(\.knob), hops: try stand.hops(of: profile.workloads))
    var (table, records) = try openTable(schema, on: stand, earlier)
    let gate = try HostGate(job, state, stand, isForced: isForced)
    if let known = try gate.known() { observer.knows(known) }
    if let earlier, !campaign.plan.start.isEmpty { observer.starts(from: earlier) }
    let workloads = try LoadRates(of: job).resolve(on: stand, interruption, observer)
    let check = try HostCheck(on: stand, workloads, interruption)
    var isPassed = false
    observer.began(
      directory, nic: stand.nic, resolved, configurations: campaign.plan.count)
    let blocks = BlockMeasurement(
      stand: stand, sampling: profile.sampling, knobs: schema.knobs,
      identity: BlockMeasurement.RunIdentity(
        run: job.manifest.run, host: job.manifest.environment.hostName,
        objective: profile.objective.description, seed: job.manifest.seed),
      interruption: interruption)
    var times = BlockTimes()
    while let request = try campaign.next(after: records) {
      if request.role != .noise, !isPassed {
        try gate.pass(check.fitness, records, observer)
        isPassed = true
      }
      observer.began(
        request, remaining: try campaign.remaining(after: records), secondsPerBlock: times.mean)
      for block in 0..<request.blocks {
        let due = workloads.filter { request.needs(block: block, workload: $0.name) }
        guard !due.isEmpty else { continue }
        let started = MonotonicTime.now()
        let measured = try blocks.measure(request, block: block, workloads: due)
        try table.append(measured)
        records += measured
        times.add(MonotonicTime.now() - started)
        observer.finished(block: block, of: request)
        // After a swap pair it may be plain that the rest tells nothing: the settings were
        // refused, or came to the same as earlier ones.
        if block == 1, try campaign.next(after: records)?.trial != request.trial { break }
      }
    }
    if !isPassed { try gate.explain(check.fitness, records) }
  }

  /// The table of the run, and what is in it. A run that was stopped before its first row has none.
  private func openTable(
    _ schema: TableSchema, on stand: Stand, _ earlier: EarlierFindings?
  ) throws -> (TrialsFile, [TrialRecord]) {
    let fingerprint = TargetFingerprint(of: job.manifest, on: stand)
    guard job.isResumed, directory.hasTable else {
      var manifest = job.manifest
      manifest.fingerprint = fingerprint
      manifest.earlier = earlier
      if job.isResumed {
        try directory.note { $0 = manifest }
      } else {
        try directory.create(manifest)
      }
      return (try TrialsFile.create(at: directory.trials, schema: schema), [])
    }
    let difference = job.manifest.environment.difference(from: .read())
    let change = job.manifest.fingerprint?.changes(to: fingerprint).first
    if let words = difference ?? change.map({ "on another target: \($0)" }) {
      throw RunDirectoryError(
        "\(directory.path) was begun \(words); its samples and new ones do not compare. "
          + "Start a new run")
    }
    return try TrialsFile.resume(at: directory.trials, schema: schema)
  }
}

/// The sweep is done, but some settings are not as they were found.
package struct NotRestored: Error, CustomStringConvertible {
  package let failures: [String]

  package var description: String {
    "some settings could not be put back (\(failures.joined(separator: "; "))); "
      + "try 'kvmtune restore'"
  }
}

/// How long a block takes, for the time left.
private struct BlockTimes {
  private var nanoseconds: UInt64 = 0
  private var blocks = 0

  mutating func add(_ time: UInt64) {
    nanoseconds += time
    blocks += 1
  }

  var mean: Double? { blocks == 0 ? nil : Double(nanoseconds) / 1e9 / Double(blocks) }
}

extension Campaign {
  /// The campaign that a profile asks for on a space.
  ///
  /// A grid that is larger than the profile's `trials` is a mistake to be told, not cut short.
  package init(
    _ profile: Profile, _ space: SearchSpace, file: String, start: [Configuration] = [],
    isForced: Bool = false
  ) throws {
    let search = profile.search
    let strategy = Strategy(
      search.strategy, trials: search.trials ?? Profile.SearchRequest.defaultTrials,
      seed: search.seed)
    try self.init(
      space: space, strategy: strategy, objective: profile.objective,
      workloads: profile.workloads.map(\.name), budget: Budget(profile.sampling),
      start: start, isForced: isForced)
    if search.strategy == .grid, let trials = search.trials, plan.count > trials {
      throw ProfileError(
        file: file, line: 0,
        message: "the grid has \(plan.count) configurations, more than trials: "
          + "\(trials); give fewer values, or use strategy: model")
    }
  }
}

extension Budget {
  /// Blocks as swap pairs.
  init(_ sampling: Profile.Sampling) {
    let confirming = sampling.confirmingBlocks / 2
    self.init(
      noise: confirming, search: sampling.blocks / 2, validation: confirming, ablation: confirming)
  }
}
