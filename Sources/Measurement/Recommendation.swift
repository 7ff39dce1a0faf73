/// What to change on one NIC, by how much it helps, and how sure that is.
///
/// Everything in it is derived from the rows of `trials.csv`, so that the table alone proves it.
package struct Recommendation: Codable, Hashable, Sendable {
  package let run: String
  package let host: String
  package let nic: String
  package let driver: String
  /// In its one-line notation.
  package let objective: String
  package let seed: UInt64

  package let decision: Decision
  /// Why, in one sentence.
  package let reason: String
  /// Every knob that the winner of the search had changed; those to change have
  /// ``KnobFinding/Evidence/isKept``. Sorted by name.
  package let knobs: [KnobFinding]
  /// The recommended set against the default, by fresh pairs; if nothing is recommended, the set
  /// that was tried last. Nil if nothing came so far.
  package let effect: TrialFinding?
  /// Default against default; nil if it was not measured.
  package let noise: NoiseFinding?
  /// The trials after the search, in the order in which they were run.
  package let checks: [TrialFinding]
  /// Of an objective with several metrics, the default and what was validated and keeps every bound;
  /// the default first. Nil of one metric, and until all were validated.
  package let front: [FrontPoint]?
  /// The trials of the search, in the order in which they were run.
  package let search: [TrialFinding]
  package let samples: SampleCount
  /// Wall clock of the first and the last sample, RFC 3339.
  package let firstSampleAt: String
  package let lastSampleAt: String

  package enum Decision: String, Codable, Sendable, Hashable {
    case change
    case changeNothing
  }

  package init(
    run: String, host: String, nic: String, driver: String, objective: String, seed: UInt64,
    decision: Decision, reason: String, knobs: [KnobFinding], effect: TrialFinding?,
    noise: NoiseFinding?, checks: [TrialFinding], front: [FrontPoint]? = nil,
    search: [TrialFinding], samples: SampleCount, firstSampleAt: String, lastSampleAt: String
  ) {
    self.run = run
    self.host = host
    self.nic = nic
    self.driver = driver
    self.objective = objective
    self.seed = seed
    self.decision = decision
    self.reason = reason
    self.knobs = knobs
    self.effect = effect
    self.noise = noise
    self.checks = checks
    self.front = front
    self.search = search
    self.samples = samples
    self.firstSampleAt = firstSampleAt
    self.lastSampleAt = lastSampleAt
  }

  /// In front of what stands for the NIC of a guest.
  package static let guestPrefix = "guest:"

  /// Whether it is about a guest and the way to it, so that every knob has a side.
  package var isOfGuest: Bool { nic.hasPrefix(Self.guestPrefix) }

  /// The knobs to change, with their new values; empty if nothing is to be changed.
  package var configuration: Configuration {
    guard decision == .change else { return .baseline }
    let kept = knobs.filter(\.evidence.isKept).map { ($0.name, $0.value) }
    return Configuration(Dictionary(kept) { first, _ in first })
  }
}

/// One knob of the winner: what it was, what it shall be, and what it does.
package struct KnobFinding: Codable, Hashable, Sendable {
  package enum Evidence: String, Codable, Sendable, Hashable {
    /// Putting it back surely loses.
    case proven
    /// Putting it back was not shown to be harmless, nor to lose.
    case keptUnproven
    /// Putting it back surely loses less than the effect that is worth a change.
    case droppedNoEffect
    /// Putting it back surely gains.
    case droppedHarmful

    package var isKept: Bool { self == .proven || self == .keptUnproven }
  }

  package let name: KnobName
  /// Where the knob is, by its name.
  package let side: KnobSide
  /// As the winner had it.
  package let value: KnobValue
  /// As the target was found; nil if the kernel did not say.
  package let original: KnobValue?
  /// With the knob ÷ without it, the others as in the recommendation; if it was dropped together
  /// with others, with all of them ÷ without. Nil if not measured.
  package let effect: Effect?
  /// The same by metric, where the objective has several; ``effect`` is then of the first.
  package let effects: [String: Effect]?
  package let evidence: Evidence

  package init(
    name: KnobName, value: KnobValue, original: KnobValue?, effect: Effect?,
    effects: [String: Effect]? = nil, evidence: Evidence
  ) {
    self.name = name
    side = name.side
    self.value = value
    self.original = original
    self.effect = effect
    self.effects = effects
    self.evidence = evidence
  }
}

/// What one trial showed. Of an objective with several metrics, ``effect``, ``adjustedProbability``,
/// ``verdict``, ``workloads`` and ``doubt`` are of the first, and ``aims`` has them all.
package struct TrialFinding: Codable, Hashable, Sendable {
  package enum Outcome: String, Codable, Sendable, Hashable {
    case measured
    /// The kernel made the same of it as of an earlier trial or the default: nothing to compare.
    case sameAsEarlier
    /// No valid swap pair: it could not be applied, or every sample broke a rule.
    case failed
  }

  package let trial: Int
  package let role: String
  package let configuration: Configuration
  /// What it was held against; empty for the default.
  package let reference: Configuration
  package let outcome: Outcome
  /// Of the objective's metric, as the mean over the workloads that have it.
  package let effect: Effect?
  /// p corrected over all trials of the search; of a validation as of ``ValidationLooks``; nil for
  /// any other trial, which is a family of its own.
  package let adjustedProbability: Double?
  package let verdict: Verdict
  /// Of the objective's metric, by workload; sorted by name.
  package let workloads: [WorkloadFinding]
  package let constraints: [ConstraintFinding]
  /// Frames dropped in the candidate's valid samples, by hop.
  package let drops: [String: UInt64]
  package let validPairs: Int
  package let invalidPairs: Int
  /// Why the configuration is not to be relied on, whatever its effect: it failed where what it was
  /// held against did not. Nil if nothing speaks against it.
  package let unreliable: String?
  /// Why the verdict is `inconclusive` whatever the interval says; nil if it is the interval's.
  package let doubt: String?
  /// What it shows of each metric of the objective; nil if there is but one.
  package let aims: [AimFinding]?

  /// - Parameter aims: one for each aim of the objective, one at least.
  package init(
    trial: Int, role: String, configuration: Configuration, reference: Configuration,
    outcome: Outcome, aims: [AimFinding], constraints: [ConstraintFinding],
    drops: [String: UInt64], validPairs: Int, invalidPairs: Int, unreliable: String? = nil
  ) {
    let first = aims[0]
    self.trial = trial
    self.role = role
    self.configuration = configuration
    self.reference = reference
    self.outcome = outcome
    effect = first.effect
    adjustedProbability = first.adjustedProbability
    verdict = first.verdict
    workloads = first.workloads
    self.constraints = constraints
    self.drops = drops
    self.validPairs = validPairs
    self.invalidPairs = invalidPairs
    self.unreliable = unreliable
    doubt = first.doubt
    self.aims = aims.count > 1 ? aims : nil
  }
}

/// The objective's metric on one workload.
package struct WorkloadFinding: Codable, Hashable, Sendable {
  package let workload: String
  package let effect: Effect
  package let verdict: Verdict

  package init(workload: String, effect: Effect, verdict: Verdict) {
    self.workload = workload
    self.effect = effect
    self.verdict = verdict
  }
}

/// Whether a constraint holds on one workload.
package struct ConstraintFinding: Codable, Hashable, Sendable {
  package enum Status: String, Codable, Sendable, Hashable {
    /// The whole interval keeps the bound.
    case met
    /// The whole interval breaks it.
    case broken
    /// The interval lies across the bound, or nothing could be measured.
    case unproven
  }

  /// In its notation: `loss_ratio <= 0.001`.
  package let constraint: String
  /// Nil if no workload has the metric.
  package let workload: String?
  /// The candidate's value; its ratio to the reference where the bound is a multiple of the
  /// baseline; what it has beyond the multiple where the bound is a multiple and more.
  package let value: Double?
  package let interval: Interval?
  package let status: Status
  /// Whether the value itself, interval or not, breaks the bound.
  package let valueBreaks: Bool

  package init(
    constraint: String, workload: String?, value: Double?, interval: Interval?, status: Status,
    valueBreaks: Bool
  ) {
    self.constraint = constraint
    self.workload = workload
    self.value = value
    self.interval = interval
    self.status = status
    self.valueBreaks = valueBreaks
  }
}

/// Default against default: what the measuring itself does.
package struct NoiseFinding: Codable, Hashable, Sendable {
  package let trial: TrialFinding
  /// How alike neighbouring slices of one block are, −1…1.
  package let autocorrelation: Double?

  package init(trial: TrialFinding, autocorrelation: Double?) {
    self.trial = trial
    self.autocorrelation = autocorrelation
  }

  /// Whether two equal sides were told apart, or nothing could be measured: then no verdict of this
  /// run is worth anything.
  package var failed: Bool {
    trial.outcome == .failed
      || trial.verdicts.contains { $0 == .better || $0 == .worse }
  }
}

/// How many samples the findings rest on.
package struct SampleCount: Codable, Hashable, Sendable {
  package let valid: Int
  package let invalid: Int
  /// How often each rule was broken.
  package let reasons: [String: Int]

  package init(valid: Int, invalid: Int, reasons: [String: Int]) {
    self.valid = valid
    self.invalid = invalid
    self.reasons = reasons
  }
}
