import Measurement

/// What follows from the findings of a sweep: the knobs with their evidence, and the reason.
struct Reasoning {
  let findings: Findings
  let objective: Objective
  /// False if the sweep was stopped before its end.
  let isComplete: Bool
  let originals: Configuration

  /// The trial that shows what is recommended; if that is nothing, the validation of the knee, or of
  /// the best of the search.
  var effect: TrialFinding? {
    if let accepted = findings.accepted { return accepted }
    let knee = findings.front?.first { $0.isKnee }?.trial
    return validations.first { $0.trial == knee } ?? validations.first
  }

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
      let shown: [Effect?] =
        isKept && isAlone
        ? accepted.byAim(objective).map(\.effect)
        : isKept && isGroup ? [] : ablation?.byAim(objective).map { $0.effect?.inverted } ?? []
      return KnobFinding(
        name: name, value: value, original: originals[name], effect: shown.first ?? nil,
        effects: objective.isPareto ? byMetric(shown) : nil, evidence: evidence)
    }
  }

  private func byMetric(_ effects: [Effect?]) -> [String: Effect] {
    zip(objective.aims, effects).reduce(into: [:]) { $0[$1.0.metric.name] = $1.1 }
  }

  /// The knobs whose putting back surely loses in some metric, corrected for having asked for each.
  /// A group of knobs that went together is one question.
  private var provenLosses: Set<KnobName> {
    var asked: Set<Int> = []
    let ablations = findings.ablations.sorted { $0.key < $1.key }.filter {
      $0.value.effect?.probability != nil && asked.insert($0.value.trial).inserted
    }
    let questions = ablations.flatMap { name, ablation in
      ablation.byAim(objective).compactMap { aim in
        aim.effect?.probability.map { (name: name, ablation: ablation, aim: aim, probability: $0) }
      }
    }
    let adjusted = Holm.adjusted(questions.map(\.probability))
    return Set(
      zip(questions, adjusted).filter { question, probability in
        question.ablation.knobsPutBack == 1 && probability < Estimate.alpha
          && question.aim.gain ?? 0 < 0
      }.map(\.0.name))
  }

  /// Whether putting the knob back surely gains in some metric.
  private func gains(_ ablation: TrialFinding) -> Bool {
    ablation.byAim(objective).contains { aim in
      guard let probability = aim.effect?.probability else { return false }
      return probability < Estimate.alpha && aim.gain ?? 0 > 0
    }
  }

  var reason: String {
    guard findings.noise?.failed == true, !findings.search.isEmpty else { return finding }
    return "taken on with --force though default against default differed, twice: \(finding)"
  }

  private var finding: String {
    if let accepted = findings.accepted {
      let end = isComplete ? "" : "; the sweep was stopped before it was known whether less does"
      return (objective.isPareto ? bargain(accepted) : superiority(accepted)) + end
    }
    if isComplete, let noise = findings.noise, noise.failed {
      return noise.trial.outcome == .failed
        ? "default against default gave no valid pair of samples with \(objective.wanted), twice"
        : "default against default differed, twice: nothing that this bench measures can be trusted"
    }
    if objective.isPareto, findings.searchIsDone, let reason = unchanged { return reason }
    if let validation = effect {
      let others = validations.count - 1
      let rest = others > 0 ? "; nor did the next \(others) pass" : ""
      return "\(validation.configuration), the best of the search, \(failure(validation))\(rest)"
    }
    if !isComplete { return "the sweep was stopped before its best candidate was validated" }
    return
      "none of the \(findings.search.count) configurations tried promised a gain of \(objective.effect) "
      + "without breaking a constraint or harming a workload" + spoilt
  }

  /// Where most of a search could not be counted, that is what it says.
  private var spoilt: String {
    let valid = findings.search.reduce(0) { $0 + $1.validPairs }
    let invalid = findings.search.reduce(0) { $0 + $1.invalidPairs }
    guard invalid > valid else { return "" }
    return "; \(invalid) of its \(valid + invalid) pairs of samples did not count (invalid_reason)"
  }

  private func superiority(_ accepted: TrialFinding) -> String {
    "\(accepted.configuration) is surely better than the default by \(objective.effect) "
      + "or more, with fresh samples"
  }

  /// Why a validated candidate may not be recommended.
  private func failure(_ validation: TrialFinding) -> String {
    if let objection = validation.unreliable { return "is not to be relied on: \(objection)" }
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
        margin: objective.margin, family: max(1, findings.contenders.count),
        alpha: ValidationLooks.alpha),
      needed > effect.swapPairs
    else { return "" }
    return ": to tell would take about \(needed) swap pairs, not \(effect.swapPairs)"
  }
}

extension Objective {
  /// `2 %`, as sentences have it.
  var effect: String {
    let text = effectPercent.description
    return (text.hasSuffix(".0") ? String(text.dropLast(2)) : text) + " %"
  }
}
