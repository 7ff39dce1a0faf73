import Foundation
import Measurement

extension Procedure {
  /// Backward elimination: puts knobs back, those that seem to do least first, and leaves them so if
  /// that surely loses less than the effect that matters, in every metric. Bounds that are multiples
  /// of the baseline hold against the larger set here; the validation that follows holds them against
  /// the default.
  ///
  /// Knobs that seem to do next to nothing go all at once. If that does harm, either half of them is
  /// tried, down to single knobs (delta debugging). What several steps left over is held against the
  /// winner once more, and steps are undone, the last one first, until they surely lose no more
  /// together than one of them might alone.
  ///
  /// What rules exclude is not measured: those knobs stay.
  ///
  /// - Returns: what is left; and whether rules kept some knob in place that might have gone: then a
  ///   table tells the end of the elimination only by what follows.
  func eliminate(
    _ winner: Configuration, _ replay: inout Replay, _ findings: inout Findings
  ) throws(Replay.Stop) -> (minimal: Configuration, wasHindered: Bool) {
    var steps: [Configuration] = []
    var wasHindered = false
    var left = groups(winner, findings.search)
    while let group = left.first {
      left.removeFirst()
      let halves = halves(of: group)
      let current = steps.last ?? winner
      let candidate = group.reduce(current) { $0.reverting($1) }
      // Without all that is left nothing is changed, and that is worse, as a validation showed.
      let isPossible = candidate.isBaseline || isPossible(candidate, replay)
      wasHindered = wasHindered || !isPossible
      guard !candidate.isBaseline, isPossible else {
        left = halves + left
        continue
      }
      findings.knobsToSettle = group.count + left.joined().count
      let finding = try ablate(candidate, from: current, &replay, &findings)
      if finding.isHarmless(objective) {
        steps.append(candidate)
      } else if !halves.isEmpty {
        left = halves + left
        continue
      }
      for knob in group { findings.ablations[knob] = finding }
    }
    findings.knobsToSettle = 1
    while steps.count > 1,
      try !ablate(steps[steps.count - 1], from: winner, &replay, &findings).isHarmless(objective)
    {
      steps.removeLast()
    }
    return (steps.last ?? winner, wasHindered)
  }

  private func ablate(
    _ candidate: Configuration, from whole: Configuration, _ replay: inout Replay,
    _ findings: inout Findings
  ) throws(Replay.Stop) -> TrialFinding {
    func isRepeat(_ trial: TrialEvidence) -> Bool {
      trial.candidateEffective != nil && trial.candidateEffective == trial.referenceEffective
    }
    let trial = try replay.trial(.ablate, candidate, against: whole, isRepeat: isRepeat)
    let finding = assess(trial, replay, isRepeat: isRepeat(trial))
    findings.checks.append(finding)
    return finding
  }

  /// Whether rules let a candidate be measured. Of a table, which does not tell the rules, it follows
  /// from what was measured next.
  private func isPossible(_ candidate: Configuration, _ replay: Replay) -> Bool {
    guard plan == nil else { return rules.allSatisfy { $0.allows(candidate) } }
    if let next = replay.recordedCandidate(.ablate) { return next == candidate }
    return replay.recordedCandidate(.validate) == nil
  }

  /// The winner's knobs in the order in which they are put back: at once those of which the search
  /// makes less than half of the effect that matters, then the others one by one. Of several metrics
  /// the one counts in which the knob does most.
  private func groups(_ winner: Configuration, _ tried: [TrialFinding]) -> [[KnobName]] {
    guard winner.values.count > 2 else { return ascendingMean(winner, tried).map { [$0] } }
    let effects = gains(tried).map(KnobEffects.init)
    func gain(_ knob: KnobName, _ value: KnobValue) -> Double {
      effects.map { $0.gain(knob, value) }.max() ?? 0
    }
    let ranked = winner.values.map { (gain: gain($0, $1), knob: $0) }
      .sorted { ($0.gain, $0.knob) < ($1.gain, $1.knob) }
    let small = ranked.prefix { $0.gain < log1p(objective.margin) / 2 }.map(\.knob)
    return (small.isEmpty ? [] : [small]) + ranked.dropFirst(small.count).map { [$0.knob] }
  }

  /// Of two knobs both are asked anyway, so that it takes no model to say which is the first: they
  /// go by the mean gain of the trials with the winner's value less that of the others.
  private func ascendingMean(_ winner: Configuration, _ tried: [TrialFinding]) -> [KnobName] {
    let byAim = gains(tried)
    func effect(_ knob: KnobName) -> Double {
      byAim.map { tried in
        func mean(_ isWith: Bool) -> Double {
          let gains = tried.filter { ($0.configuration[knob] == winner[knob]) == isWith }
          return Series.mean(gains.map(\.gain)) ?? 0
        }
        return mean(true) - mean(false)
      }.max() ?? 0
    }
    return winner.names.map { (effect($0), $0) }.sorted { $0 < $1 }.map(\.1)
  }

  /// For each metric, what was gained with each configuration that was measured.
  private func gains(
    _ tried: [TrialFinding]
  ) -> [[(configuration: Configuration, gain: Double)]] {
    objective.aims.indices.map { place in
      tried.compactMap { finding in
        finding.byAim(objective)[place].gain.map { (finding.configuration, $0) }
      }
    }
  }

  /// None of a single knob.
  private func halves(of group: [KnobName]) -> [[KnobName]] {
    guard group.count > 1 else { return [] }
    let middle = (group.count + 1) / 2
    return [Array(group.prefix(middle)), Array(group.dropFirst(middle))]
  }
}

extension TrialFinding {
  /// How many knobs the trial put back.
  var knobsPutBack: Int { reference.values.count - configuration.values.count }
}
