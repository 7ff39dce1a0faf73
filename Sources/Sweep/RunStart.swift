import Knobs

/// What a run takes from earlier ones as it begins on a target. It is noted in `run.json`, so that
/// the run goes on as it has begun, whatever becomes known meanwhile.
package struct RunStart: Codable, Hashable, Sendable {
  /// What the search tries first; nil without an earlier sweep of the same target.
  package let earlier: EarlierFindings?
  /// As the profile has it, or planned by the noise that is known.
  package let sampling: Profile.Sampling

  /// - Parameter device: as it stands now.
  init(
    _ profile: Profile, _ job: SweepJob, on device: TargetFingerprint, in state: StateFolder
  ) throws {
    earlier =
      profile.search.isWarm
      ? try EarlierFindings.kept(
        of: device.of(job.manifest), profile.objective, in: state) : nil
    let noise =
      profile.sampling.time == nil
      ? nil
      : try NoiseRecord.kept(of: NoiseRecord.Fingerprint(profile, on: device), in: state)
    sampling = profile.sampling.planned(by: noise?.noise)
  }
}

extension RunStart {
  package init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    earlier = try fields.decodeIfPresent(EarlierFindings.self, forKey: .earlier)
    sampling = try fields.decode(Profile.Sampling.self, forKey: .sampling)
    guard sampling.isPossible else {
      throw DecodingError.dataCorruptedError(
        forKey: .sampling, in: fields, debugDescription: "no profile has such a sampling")
    }
  }
}

extension SweepJob {
  /// What the run has begun with on a target; nil of a new one.
  func start(at place: Int) -> RunStart? {
    guard isResumed, let starts = manifest.starts, starts.indices.contains(place) else {
      return nil
    }
    return starts[place]
  }
}
