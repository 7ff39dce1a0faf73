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
      let isGroup = (ablation?.knobsPutBack ?? 0) > 1
      let evidence: KnobFinding.Evidence =
        if isKept {
          isAlone || losses.contains(name) ? .proven : .keptUnproven
        } else {
          !isGroup && ablation.map(gains) ?? false ? .droppedHarmful : .droppedNoEffect
        }
      // What a group does says nothing of a knob that stays after all.
      let effect =
        isKept && isAlone
        ? accepted.effect : isKept && isGroup ? nil : ablation?.effect?.inverted
      return KnobFinding(
        name: name, value: value, original: originals[name], effect: effect, evidence: evidence)
    }
  }

  /// The knobs whose putting back surely loses, corrected for having asked for each. A group of
  /// knobs that went together is one question.
  private var provenLosses: Set<KnobName> {
    var asked: Set<Int> = []
    let ablations = findings.ablations.sorted { $0.key < $1.key }.filter {
      $0.value.effect?.probability != nil && asked.insert($0.value.trial).inserted
    }
    let adjusted = Holm.adjusted(ablations.compactMap(\.value.effect?.probability))
    return Set(
      zip(ablations, adjusted).filter { ablation, probability in
        guard let effect = ablation.value.effect, ablation.value.knobsPutBack == 1 else {
          return false
        }
        return probability < Estimate.alpha && effect.gain(objective.goal) < 0
      }.map(\.0.key))
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
        + need(validation)
    case .better:
      let unproven = validation.constraints.first { $0.status == .unproven }
      return "is better, but was not shown to keep \(unproven?.constraint ?? "every constraint") "
        + "(\(unproven?.workload ?? "no workload measures it"))"
    }
  }

  /// What it would take to tell, if that is known, and more than was measured.
  private func need(_ validation: TrialFinding) -> String {
    guard validation.doubt == nil, let effect = validation.effect,
      let needed = effect.swapPairsNeeded(
        margin: objective.margin, family: max(1, findings.contenders)),
      needed > effect.swapPairs
    else { return "" }
    return ": to tell would take about \(needed) swap pairs, not \(effect.swapPairs)"
  }
}

extension Objective {
  /// `2 %`, as sentences have it.
  fileprivate var effect: String {
    let text = effectPercent.description
    return (text.hasSuffix(".0") ? String(text.dropLast(2)) : text) + " %"
  }
}
