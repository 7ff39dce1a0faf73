package import Measurement

extension TrialEvidence {
  /// What the trial shows.
  func finding(_ judging: Judging) -> TrialFinding {
    findings.answer(judging) { TrialFinding(self, judging) }
  }
}

extension TrialFinding {
  fileprivate init(_ trial: TrialEvidence, _ judging: TrialEvidence.Judging) {
    let (objective, alpha, isRepeat) = (judging.objective, judging.alpha, judging.isRepeat)
    func names(_ metric: Metric) -> [String] { judging.workloads[metric, default: []].sorted() }
    let aims = objective.aims.map {
      AimFinding(
        trial, $0, margin: objective.margin, alpha: alpha,
        workloads: isRepeat ? [] : names($0.metric))
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
      outcome: isRepeat
        ? .sameAsEarlier : aims.contains { $0.effect == nil } ? .failed : .measured,
      aims: aims, constraints: isRepeat ? [] : constraints,
      drops: valid.reduce(into: [:]) { drops, pair in
        drops.merge(pair.candidate.drops) { $0 &+ $1 }
      },
      validPairs: valid.count, invalidPairs: pairs.count - valid.count,
      unreliable: trial.candidate == trial.reference
        ? nil : Reliability(trial, objective, workloads: names).objection)
  }

  /// The same finding with tests of a family.
  ///
  /// - Parameter probability: p as it counts within the family; nil where there is no test.
  func adjusted(_ objective: Objective, to probability: (AimFinding) -> Double?) -> TrialFinding {
    TrialFinding(
      trial: trial, role: role, configuration: configuration, reference: reference,
      outcome: outcome,
      aims: byAim(objective).map { aim in
        probability(aim).map { aim.adjusted(to: $0, margin: objective.margin) } ?? aim
      },
      constraints: constraints, drops: drops, validPairs: validPairs, invalidPairs: invalidPairs,
      unreliable: unreliable)
  }

  /// Whether some workload surely loses, though the mean may gain. One of several metrics may lose
  /// as a whole, as the price of another: that hides nothing.
  var harmsWorkload: Bool {
    guard let aims else { return workloads.contains { $0.verdict == .worse } }
    return aims.contains { aim in
      aim.verdict != .worse && aim.workloads.contains { $0.verdict == .worse }
    }
  }

  /// Whether the candidate may be tried further: it gains in some metric, no smaller effect than the
  /// one that matters was proven there, it breaks nothing by what was measured, and traffic got
  /// through.
  package func isPromising(_ objective: Objective) -> Bool {
    guard outcome == .measured, unreliable == nil, !harmsWorkload, !breaksConstraint else {
      return false
    }
    return byAim(objective).contains { $0.gain ?? 0 > 0 && $0.verdict != .equivalent }
  }

  /// Whether a validation says all that more of it could say: it is accepted, or what stands against
  /// it will not go away.
  func isSettled(_ objective: Objective) -> Bool {
    if isAccepted || harmsWorkload || unreliable != nil { return true }
    return constraints.contains { $0.status == .broken || $0.interval == nil }
      || byAim(objective).allSatisfy { aim in
        aim.doubt != nil || aim.gain ?? 0 <= 0 || aim.verdict == .worse
          || aim.verdict == .equivalent
      }
  }

  /// Whether the candidate may be recommended: it is better in some metric, and does no harm.
  var isAccepted: Bool { verdicts.contains(.better) && isSafe }

  /// Whether no workload is worse for the mean of others, every constraint is proven to hold, and
  /// traffic got through.
  var isSafe: Bool {
    unreliable == nil && !harmsWorkload && constraints.allSatisfy { $0.status == .met }
  }

  var breaksConstraint: Bool { constraints.contains { $0.status == .broken || $0.valueBreaks } }

  /// For the trial of a set without one of its knobs: whether the knob can go.
  func isHarmless(_ objective: Objective) -> Bool {
    if outcome == .sameAsEarlier { return true }
    return unreliable == nil && !harmsWorkload && !breaksConstraint
      && byAim(objective).allSatisfy { aim in
        aim.effect?.isNonInferior(aim.goal, margin: objective.margin) ?? false
      }
  }
}

extension AimFinding {
  /// - Parameters:
  ///   - alpha: as of the whole finding.
  ///   - workloads: those that have the metric; empty to show nothing.
  fileprivate init(
    _ trial: TrialEvidence, _ aim: Aim, margin: Double, alpha: Double, workloads: [String]
  ) {
    func verdict(_ effect: Effect?) -> Verdict {
      Verdict(
        effect, aim.goal, margin: margin,
        adjustedProbability: effect?.probability.map { min(1, $0 * Estimate.alpha / alpha) })
    }
    let effect = PairedComparison(trial, aim.metric, workloads: workloads).effect(alpha: alpha)
    let each = workloads.compactMap { workload in
      PairedComparison(trial, aim.metric, workload: workload).effect(alpha: alpha).map {
        WorkloadFinding(workload: workload, effect: $0, verdict: verdict($0))
      }
    }
    let doubt = effect.flatMap {
      GeneratorDoubt(trial, aim.metric, workloads: workloads).reason(verdict($0))
    }
    self.init(
      aim, effect: effect, verdict: doubt == nil ? verdict(effect) : .inconclusive,
      workloads: each, doubt: doubt)
  }
}

/// Corrects the findings of a search for having asked many questions (Holm), one for each metric of
/// each trial. One that was dropped after a single swap pair has no p, yet it was asked about: it
/// counts as if nothing spoke for it.
func corrected(_ findings: [TrialFinding], _ objective: Objective) -> [TrialFinding] {
  let effects = findings.map { $0.byAim(objective).compactMap(\.effect) }.joined()
  let tested = effects.compactMap(\.probability)
  let untested = [Double](repeating: 1, count: effects.count - tested.count)
  var adjusted = Holm.adjusted(tested + untested)[...]
  return findings.map { finding in
    finding.adjusted(objective) { $0.effect?.probability == nil ? nil : adjusted.popFirst() }
  }
}
