import Measurement

/// What follows from the findings of a sweep: the knobs with their evidence, and the reason.
struct Reasoning {
  let findings: Findings
  let objective: Objective
  /// False if the sweep was stopped before its end.
  let isComplete: Bool
  let originals: Configuration

  /// The trial that shows what is recommended; if that is nothing, the validation of the best of
  /// the search.
  var effect: TrialFinding? { findings.accepted ?? validations.first }

  private var validations: [TrialFinding] {
    findings.checks.filter { $0.role == Role.validate.rawValue }
  }

  /// Empty if nothing is recommended.
  var knobs: [KnobFinding] {
    guard let accepted = findings.accepted, let winner = findings.winner else { return [] }
    let losses = provenLosses
    return winner.names.compactMap { name in
      guard let value = winner[name] else { return nil }
      let isKept = accepted.configuration[name] != nil
      let isAlone = accepted.configuration.values.count == 1
      let ablation = findings.ablations[name]
      let evidence: KnobFinding.Evidence =
        if isKept {
          isAlone || losses.contains(name) ? .proven : .keptUnproven
        } else {
          ablation.map(gains) ?? false ? .droppedHarmful : .droppedNoEffect
        }
      return KnobFinding(
        name: name, value: value, original: originals[name],
        effect: isKept && isAlone ? accepted.effect : ablation?.effect?.inverted,
        evidence: evidence)
    }
  }

  /// The knobs whose putting back surely loses, corrected for having asked for each.
  private var provenLosses: Set<KnobName> {
    let names = findings.ablations.keys.sorted().filter {
      findings.ablations[$0]?.effect?.probability != nil
    }
    let adjusted = Holm.adjusted(
      names.compactMap { findings.ablations[$0]?.effect?.probability })
    return Set(
      zip(names, adjusted).filter { name, probability in
        guard let effect = findings.ablations[name]?.effect else { return false }
        return probability < Estimate.alpha && effect.gain(objective.goal) < 0
      }.map(\.0))
  }

  /// Whether putting the knob back surely gains.
  private func gains(_ ablation: TrialFinding) -> Bool {
    guard let effect = ablation.effect, let probability = effect.probability else { return false }
    return probability < Estimate.alpha && effect.gain(objective.goal) > 0
  }

  var reason: String {
    guard findings.noise?.failed == true, !findings.search.isEmpty else { return finding }
    return "taken on with --force though default against default differed, twice: \(finding)"
  }

  private var finding: String {
    if let accepted = findings.accepted {
      let end = isComplete ? "" : "; the sweep was stopped before it was known whether less does"
      return "\(accepted.configuration) is surely better than the default by \(objective.effect) "
        + "or more, with fresh samples\(end)"
    }
    if isComplete, let noise = findings.noise, noise.failed {
      return noise.trial.outcome == .failed
        ? "default against default gave no valid pair of samples with \(objective.metric), twice"
        : "default against default differed, twice: nothing that this bench measures can be trusted"
    }
    if let validation = effect {
      let others = validations.count - 1
      let rest = others > 0 ? "; nor did the next \(others) pass" : ""
      return "\(validation.configuration), the best of the search, \(failure(validation))\(rest)"
    }
    if !isComplete { return "the sweep was stopped before its best candidate was validated" }
    return
      "none of the \(findings.search.count) configurations tried promised a gain of \(objective.effect) "
      + "without breaking a constraint or harming a workload"
  }

  /// Why a validated candidate may not be recommended.
  private func failure(_ validation: TrialFinding) -> String {
    if let broken = validation.constraints.first(where: { $0.status == .broken }) {
      return "breaks \(broken.constraint) (\(broken.workload ?? "no workload measures it"))"
    }
    if let harmed = validation.workloads.first(where: { $0.verdict == .worse }) {
      return "is worse on \(harmed.workload)"
    }
    switch validation.verdict {
    case .worse: return "turned out worse with fresh samples"
    case .equivalent:
      return "makes less than \(objective.effect) of difference, with fresh samples"
    case .inconclusive:
      return "was not shown to be better by \(objective.effect) or more, with fresh samples"
    case .better:
      let unproven = validation.constraints.first { $0.status == .unproven }
      return "is better, but was not shown to keep \(unproven?.constraint ?? "every constraint") "
        + "(\(unproven?.workload ?? "no workload measures it"))"
    }
  }
}

extension Objective {
  /// `2 %`, as sentences have it.
  fileprivate var effect: String {
    let text = effectPercent.description
    return (text.hasSuffix(".0") ? String(text.dropLast(2)) : text) + " %"
  }
}
