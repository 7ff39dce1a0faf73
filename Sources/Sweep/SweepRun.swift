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
  /// How the time of a trial is spent.
  func plans(_ sampling: Profile.Sampling)
  /// The host is not fit, and is taken on all the same.
  func takesOn(_ objections: [String])
  /// Before the first trial on a target: what will be tried on it.
  func began(_ run: RunDirectory, nic: String, _ space: ResolvedSpace, configurations: Int)
  /// A trial, or what is left of one, is about to be measured.
  ///
  /// - Parameters:
  ///   - nic: nil if there is only one.
  ///   - remaining: trials of this NIC, and blocks of all.
  func began(
    _ request: TrialRequest, on nic: String?, remaining: Remaining, secondsPerBlock: Double?)
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
  /// However it ends, every target is put back. What was measured is on disk.
  /// - Throws: ``SweepInterrupted``, ``HostUnfit``, and the errors of the modules below.
  package func run(_ observer: some SweepObserver) throws -> Conclusion {
    let state = StateFolder.standard()
    let targets = try SweepTargets(
      job, in: state, allowManagement: allowManagement, guests: guests)
    let measured = Result { try measure(targets, state, observer) }
    let failures = try targets.close()
    directory.removeEmptyConsoles()
    observer.restored(failures: failures)
    try measured.get()
    let conclusion = try Conclusion(
      table: directory.trials, controls: profile.controls, manifest: directory.readManifest())
    try conclusion.write(to: directory)
    try EarlierFindings.keep(conclusion, of: directory.readManifest(), in: state)
    if !failures.isEmpty { throw NotRestored(failures: failures) }
    return conclusion
  }

  private func measure(
    _ targets: SweepTargets, _ state: StateFolder, _ observer: some SweepObserver
  ) throws {
    let surveys = try targets.survey()
    let campaign = try campaign(targets, surveys)
    let schema = TableSchema(knobs: surveys.flatMap(\.knobs), hops: surveys.flatMap(\.hops))
    let (table, rows) = try openTable(schema, surveys)
    var records = try RunRecords(rows)
    var begun: [String: SweptTarget] = [:]
    var current: SweptTarget?
    var times = BlockTimes()
    var upcoming = try campaign.next(after: records)
    while let next = upcoming {
      let place = surveys.firstIndex { $0.nic == next.nic } ?? 0
      if let current, current.nic != next.nic { try current.explain(records) }
      let stand = try targets.stand(at: place)
      let target =
        try begun[next.nic]
        ?? begin(
          targets.profile(at: place), surveys[place], campaign.members[place].campaign, on: stand,
          state, isFirst: begun.isEmpty, observer)
      (begun[next.nic], current) = (target, target)
      try target.pass(before: next.request, records, observer)
      observer.began(
        next.request, on: surveys.count > 1 ? next.nic : nil, remaining: next.remaining,
        secondsPerBlock: times.mean)
      let blocks = blocks(
        on: stand, surveys[place], targets.profile(at: place).sampling, schema)
      var following: HostCampaign.Next? = next
      for block in 0..<next.request.blocks {
        let due = target.due(next.request, block: block)
        guard !due.isEmpty else { continue }
        let started = MonotonicTime.now()
        let measured = try blocks.measure(next.request, block: block, workloads: due)
        try table.append(measured)
        try records.append(measured)
        times.add(MonotonicTime.now() - started)
        observer.finished(block: block, of: next.request)
        // After a swap pair it may be plain that the rest tells nothing: the settings were
        // refused, or came to the same as earlier ones.
        if block == 1 {
          following = try campaign.next(after: records)
          if !next.isSameTrial(as: following) { break }
        }
      }
      upcoming =
        next.isSameTrial(as: following) ? try campaign.next(after: records) : following
    }
    try current?.explain(records)
  }

  private func campaign(
    _ targets: SweepTargets, _ surveys: [SweepTargets.Survey]
  ) throws -> HostCampaign {
    let members = try surveys.enumerated().map { place, survey in
      let space = survey.resolved.space
      let campaign = try Campaign(
        targets.profile(at: place), space, file: job.file,
        start: survey.earlier?.configurations(in: space) ?? [], isForced: isForced)
      return HostCampaign.Member(nic: survey.nic, campaign: campaign)
    }
    return HostCampaign(members) { KnownKnob(named: $0)?.isOfWholeHost ?? false }
  }

  private func begin(
    _ profile: Profile, _ survey: SweepTargets.Survey, _ campaign: Campaign, on stand: Stand,
    _ state: StateFolder, isFirst: Bool, _ observer: some SweepObserver
  ) throws -> SweptTarget {
    let target = try SweptTarget(
      job, profile, on: stand, state, isForced: isForced, isFirst: isFirst, interruption, observer)
    observer.began(
      directory, nic: survey.nic, survey.resolved, configurations: campaign.plan.count)
    if let earlier = survey.earlier, !campaign.plan.start.isEmpty { observer.starts(from: earlier) }
    if profile.sampling.time != nil { observer.plans(profile.sampling) }
    return target
  }

  private func blocks(
    on stand: Stand, _ survey: SweepTargets.Survey, _ sampling: Profile.Sampling,
    _ schema: TableSchema
  ) -> BlockMeasurement {
    // What belongs to the whole host is read on every target, as it may be tried there for another.
    let knobs = schema.knobs.filter {
      survey.knobs.contains($0) || KnownKnob(named: $0)?.isOfWholeHost ?? false
    }
    return BlockMeasurement(
      stand: stand, sampling: sampling, knobs: knobs,
      identity: BlockMeasurement.RunIdentity(
        run: job.manifest.run, host: job.manifest.environment.hostName,
        objective: profile.objective.description, seed: job.manifest.seed),
      interruption: interruption)
  }

  /// The table of the run, and what is in it. A run that was stopped before its first row has none.
  private func openTable(
    _ schema: TableSchema, _ surveys: [SweepTargets.Survey]
  ) throws -> (TrialsFile, [TrialRecord]) {
    let fingerprints = surveys.map(\.fingerprint)
    guard job.isResumed, directory.hasTable else {
      var manifest = job.manifest
      manifest.targets = fingerprints
      manifest.starts = surveys.map(\.start)
      if job.isResumed {
        try directory.note { $0 = manifest }
      } else {
        try directory.create(manifest)
      }
      return (try TrialsFile.create(at: directory.trials, schema: schema), [])
    }
    let difference = job.manifest.environment.difference(from: .read())
    let change = zip(job.manifest.targets, fingerprints).lazy
      .flatMap { $0.changes(to: $1) }.first
    if let words = difference ?? change.map({ "on another target: \($0)" }) {
      throw RunDirectoryError(
        "\(directory.path) was begun \(words); its samples and new ones do not compare. "
          + "Start a new run")
    }
    let (table, rows) = try TrialsFile.resume(at: directory.trials, schema: schema)
    try job.manifest.refuseForeign(rows, in: directory)
    let objective = profile.objective.description
    if let other = rows.first(where: { $0.objective != objective })?.objective {
      throw RunDirectoryError(
        "\(directory.path) was begun for '\(other)', and its profile now reads '\(objective)'; "
          + "its samples and new ones do not compare. Start a new run")
    }
    return (table, rows)
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
