/// What a target shows where there is nothing to see: default against default, workload by workload.
///
/// Everything in it follows from one trial whose candidate and reference are the same settings.
package struct NoiseProfile: Codable, Hashable, Sendable {
  /// In the order of their names.
  package let workloads: [WorkloadNoise]
  /// Blocks of the trial; each of them holds every workload.
  package let blocks: Int
  /// From the first sample to the end of the last.
  package let seconds: Double

  /// How many swap pairs the trials of a sweep take, for which the noise is told.
  package struct Sizes: Hashable, Sendable {
    package let search: Int
    package let confirming: Int

    /// Less than two give no interval, so that no trial is smaller.
    package init(search: Int, confirming: Int) {
      self.search = max(2, search)
      self.confirming = max(2, confirming)
    }
  }

  /// - Parameter objective: says which metric a workload is judged by, if it has it, and what
  ///   difference matters.
  package init(_ trial: TrialEvidence, _ objective: Objective, sizes: Sizes) {
    let samples = trial.blocks.flatMap(\.pairs).flatMap { [$0.reference, $0.candidate] }
    let begin = samples.map(\.startedAt).min() ?? 0
    let ends = samples.map { $0.startedAt &+ UInt64(min(max(0, $0.duration), 1e9) * 1e9) }
    seconds = Double(max(begin, ends.max() ?? 0) - begin) / 1e9
    blocks = Set(trial.blocks.map(\.number)).count
    let evidence = Set(trial.blocks.map(\.workload)).sorted().map {
      NoiseEvidence(trial, objective, workload: $0)
    }
    // What is neither slice nor pause between slices is shared out evenly.
    let ofSlices = evidence.reduce(0) { $0 + Double($1.pairsPerBlock) * ($1.secondsPerPair ?? 0) }
    let rest = seconds / Double(max(1, blocks)) - ofSlices
    let application = max(0, rest) / Double(max(1, evidence.count))
    workloads = evidence.map { one in
      let cost = one.secondsPerPair.map {
        SlicePlan.Cost(slicePair: $0, application: application)
      }
      return WorkloadNoise(one, objective, sizes: sizes, cost: cost)
    }
  }

  /// How to spend so much time on a trial, so that the interval of the workload of which least is
  /// known then is as short as can be. Nil if nothing is known, or if it is too short.
  ///
  /// - Parameter seconds: for all workloads together, above 0.
  package func plan(within seconds: Double) -> SlicePlan? {
    let plans = workloads.map { noise -> SlicePlan? in
      guard let slice = noise.sliceDeviation, let application = noise.applicationDeviation,
        let cost = noise.cost
      else { return nil }
      let parts = VarianceParts(
        slice: slice * slice, autocorrelation: noise.autocorrelation ?? 0,
        application: application * application)
      return SlicePlan(parts, cost, within: seconds / Double(workloads.count))
    }
    let known = plans.compactMap(\.self)
    return known.count == plans.count ? known.max { $0.reach < $1.reach } : nil
  }

  /// The workload in which least can be seen, of those of which anything is known.
  package var blindest: WorkloadNoise? {
    workloads.filter { $0.smallestVisible != nil }
      .max { ($0.smallestVisible ?? 0) < ($1.smallestVisible ?? 0) }
  }
}

/// Default against default on one workload.
package struct WorkloadNoise: Codable, Hashable, Sendable {
  package let workload: String
  /// What it is judged by: the objective's metric, or the first one that it has. Nil if no pair
  /// counts.
  package let metric: String?
  package let validPairs: Int
  package let invalidPairs: Int
  /// Why most of the pairs that do not count do not; nil if all do.
  package let invalidReason: String?

  /// Standard deviation of ln(candidate ÷ reference) of single pairs of slices: 0.02 is about 2 %.
  package let sliceDeviation: Double?
  /// The same of what a block has as a whole, beyond what its slices explain: what applying the
  /// settings and opening the traffic once more changes by itself. 0 if they explain it all.
  package let applicationDeviation: Double?
  /// How alike neighbouring pairs of one block are, −1…1.
  package let autocorrelation: Double?
  package let drift: Drift?
  /// Standard deviation of the logarithm of the raw level, block by block.
  package let levelDeviation: Double?

  /// Default against default over the whole trial.
  package let effect: Effect?
  /// Whether it is surely beyond the difference that matters, though there is none.
  package let isToldApart: Bool
  package let falsePositives: FalsePositives
  /// The smallest effect that a search trial, and one that confirms, would find four times out of
  /// five.
  package let smallestVisibleInSearch: Double?
  package let smallestVisible: Double?
  /// How to see an effect soonest, the largest first.
  package let plans: [TimeToSee]
  /// What a pair of slices and a block of this workload take; nil of single pairs.
  package let cost: SlicePlan.Cost?

  /// How the raw level moves with time.
  package struct Drift: Codable, Hashable, Sendable {
    /// A share of the level: −0.01 is 1 % less every minute.
    package let perMinute: Double
    /// Two-sided p of "it does not drift", the blocks being the points.
    package let probability: Double
  }

  /// How often equal sides would have been called different.
  package struct FalsePositives: Codable, Hashable, Sendable {
    /// Tests, each of as many swap pairs as a search trial has, and none of them in two.
    package let tests: Int
    /// Of them those with p below ``Estimate/alpha``.
    package let called: Int

    /// How many chance alone calls.
    package let expected: Double
  }

  /// What it takes to see an effect four times out of five, if slices and applications are shared out
  /// as ``SlicePlan`` has it. Nil where even a million swap pairs would not do.
  package struct TimeToSee: Codable, Hashable, Sendable {
    /// 0.02 is 2 %.
    package let effect: Double
    package let blocks: Int?
    /// Of slices, in each block.
    package let pairs: Int?
    /// Of this workload alone.
    package let seconds: Double?

    package static let effects = [0.05, 0.02, 0.01]
  }
}
