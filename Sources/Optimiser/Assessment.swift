import Measurement

extension TrialFinding {
  /// What a trial shows under an objective.
  ///
  /// - Parameters:
  ///   - workloads: that have each of the objective's metrics.
  ///   - alpha: the chance of a false finding that this one may have, of ``Estimate/alpha`` in all.
  ///   - isRepeat: whether its effective configuration was measured before: then it shows nothing.
  init(
    _ trial: TrialEvidence, _ objective: Objective, workloads byMetric: [Metric: Set<String>],
    alpha: Double = Estimate.alpha, isRepeat: Bool
  ) {
    func names(_ metric: Metric) -> [String] { byMetric[metric, default: []].sorted() }
    func verdict(_ effect: Effect?) -> Verdict {
      Verdict(
        effect, objective.goal, margin: objective.margin,
        adjustedProbability: effect?.probability.map { min(1, $0 * Estimate.alpha / alpha) })
    }
    let workloads = isRepeat ? [] : names(objective.metric)
    let effect = PairedComparison(trial, objective.metric, workloads: workloads)
      .effect(alpha: alpha)
    let each = workloads.compactMap { workload in
      PairedComparison(trial, objective.metric, workload: workload).effect(alpha: alpha).map {
        WorkloadFinding(workload: workload, effect: $0, verdict: verdict($0))
      }
    }
    let doubt = effect.flatMap {
      GeneratorDoubt(trial, objective, workloads: workloads).reason(verdict($0))
    }
    let constraints = objective.constraints.flatMap { constraint in
      ConstraintCheck(constraint: constraint, trial: trial, alpha: alpha)
        .findings(on: names(constraint.metric))
    }
    let pairs = trial.blocks.flatMap(\.pairs)
    let valid = pairs.filter(\.isValid)
    self.init(
      trial: trial.number, role: trial.role.rawValue, configuration: trial.candidate,
      reference: trial.reference,
      outcome: isRepeat ? .sameAsEarlier : effect == nil ? .failed : .measured,
      effect: effect, adjustedProbability: nil,
      verdict: doubt == nil ? verdict(effect) : .inconclusive, workloads: each,
      constraints: isRepeat ? [] : constraints,
      drops: valid.reduce(into: [:]) { drops, pair in
        drops.merge(pair.candidate.drops) { $0 &+ $1 }
      },
      validPairs: valid.count, invalidPairs: pairs.count - valid.count, doubt: doubt)
  }

  /// The same finding as one of a family of tests.
  func adjusted(to probability: Double, _ objective: Objective) -> TrialFinding {
    TrialFinding(
      trial: trial, role: role, configuration: configuration, reference: reference,
      outcome: outcome, effect: effect, adjustedProbability: probability,
      verdict: doubt != nil
        ? .inconclusive
        : Verdict(
          effect, objective.goal, margin: objective.margin, adjustedProbability: probability),
      workloads: workloads, constraints: constraints, drops: drops, validPairs: validPairs,
      invalidPairs: invalidPairs, doubt: doubt)
  }

  /// Whether some workload surely loses, though the mean may gain.
  var harmsWorkload: Bool { workloads.contains { $0.verdict == .worse } }

  /// Whether the candidate may be tried further: it gains, no smaller effect than the one that
  /// matters was proven, and it breaks nothing by what was measured.
  func isPromising(_ goal: Goal) -> Bool {
    guard outcome == .measured, let effect, effect.gain(goal) > 0 else { return false }
    return verdict != .equivalent && !harmsWorkload && !breaksConstraint
  }

  /// Whether the candidate may be recommended: it is better, no workload is worse, and every
  /// constraint is proven to hold.
  var isAccepted: Bool {
    verdict == .better && !harmsWorkload && constraints.allSatisfy { $0.status == .met }
  }

  /// Whether a validation says all that more of it could say: it is accepted, or what stands against
  /// it will not go away.
  func isSettled(_ goal: Goal) -> Bool {
    guard let effect, doubt == nil else { return true }
    let isLost = effect.gain(goal) <= 0 || verdict == .worse || verdict == .equivalent
    return isAccepted || isLost || harmsWorkload
      || constraints.contains { $0.status == .broken || $0.interval == nil }
  }

  var breaksConstraint: Bool { constraints.contains { $0.status == .broken || $0.valueBreaks } }

  /// For the trial of a set without one of its knobs: whether the knob can go.
  func isHarmless(_ objective: Objective) -> Bool {
    if outcome == .sameAsEarlier { return true }
    guard let effect else { return false }
    return effect.isNonInferior(objective.goal, margin: objective.margin) && !harmsWorkload
      && !breaksConstraint
  }
}

/// Corrects the findings of a search for having asked many questions (Holm). One that was dropped
/// after a single swap pair has no p, yet it was asked about: it counts as if nothing spoke for it.
func corrected(_ findings: [TrialFinding], _ objective: Objective) -> [TrialFinding] {
  let tested = findings.indices.filter { findings[$0].effect?.probability != nil }
  let untested = findings.count { $0.effect != nil } - tested.count
  let adjusted = Holm.adjusted(
    tested.compactMap { findings[$0].effect?.probability }
      + [Double](repeating: 1, count: untested))
  var corrected = findings
  for (index, probability) in zip(tested, adjusted) {
    corrected[index] = findings[index].adjusted(to: probability, objective)
  }
  return corrected
}
