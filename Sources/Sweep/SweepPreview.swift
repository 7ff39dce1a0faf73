import Knobs
package import Measurement
import Optimiser

/// What a sweep would do on one target, without doing it: `--dry-run`.
///
/// A NIC is only read. Of a lab, one is made for a moment, since only a real device says what it
/// allows, and removed again.
package struct SweepPreview: Codable, Sendable, CustomStringConvertible {
  package struct Trial: Codable, Sendable {
    package let configuration: Configuration
    /// What one would type for it, in the order in which it would be done.
    package let commands: [String]
  }

  /// The target; nil if it is the only one.
  package let target: String?
  package let trials: [Trial]
  /// How many more are tried that only the results of the first can tell.
  package let chosenLater: Int
  /// Knobs of the profile that the target lacks, with the reason.
  package let absent: [String: String]
  /// Knobs that are swept though they cannot act on some workload, with the reason.
  package let unreached: [String: String]
  /// Seconds of traffic alone, if every knob of the winner had to be put back once.
  package let secondsOfTraffic: Double

  /// - Parameter place: of the target in the profile.
  /// - Throws: as ``SweepRun`` would before its first trial.
  package init(
    _ job: SweepJob, place: Int = 0, allowManagement: Bool,
    guests: () throws -> any GuestMaker
  ) throws {
    let state = StateFolder.standard()
    var profile = job.profile.each[place]
    target = job.profile.targets.count > 1 ? profile.target.names.first : nil
    let choice = try TargetChoice(
      profile, file: job.file, state: state, allowManagement: allowManagement, guests: guests)
    try choice.refuseLeftovers(in: state)
    let (resolved, campaign, trials) = try choice.preview { tuner, device in
      let start = try RunStart(profile, job, on: device, in: state)
      profile.sampling = start.sampling
      let resolved = try ResolvedSpace(profile, on: tuner, file: job.file)
      let campaign = try Campaign(
        profile, resolved.space, file: job.file,
        start: start.earlier?.configurations(in: resolved.space) ?? [])
      let trials = try campaign.plan.fixed.map { configuration in
        Trial(
          configuration: configuration,
          commands: try tuner.plan(configuration).steps.flatMap(\.commands))
      }
      return (resolved, campaign, trials)
    }
    self.trials = trials
    chosenLater = campaign.plan.count - campaign.plan.fixed.count
    absent = Dictionary(
      resolved.absent.map { ($0.name.rawValue, $0.reason) }, uniquingKeysWith: { first, _ in first }
    )
    unreached = Dictionary(
      resolved.unreached.map { ($0.knob.rawValue, $0.note) },
      uniquingKeysWith: { first, _ in first })
    let blocks = try campaign.remaining(after: []).blocks
    secondsOfTraffic = profile.sampling.seconds(
      ofBlocks: blocks, workloads: profile.workloads.count)
  }

  package var description: String {
    var lines = target.map { ["\($0):"] } ?? []
    lines += absent.sorted { $0.key < $1.key }.map { "\($0.key) is left out: \($0.value)" }
    lines += unreached.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
    for trial in trials {
      lines.append("\(trial.configuration)")
      lines += trial.commands.map { "    \($0)" }
    }
    if chosenLater > 0 {
      lines.append("up to \(chosenLater) that the search chooses by what it has found by then")
    }
    lines.append(
      "\(trials.count + chosenLater) configuration\(trials.count + chosenLater == 1 ? "" : "s") against the target as it is; "
        + "some \(Int(secondsOfTraffic.rounded(.up))) s of traffic in all. Nothing was changed.")
    return lines.joined(separator: "\n")
  }
}
