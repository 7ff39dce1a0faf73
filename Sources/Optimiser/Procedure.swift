import Foundation
import Measurement

/// The course of a sweep, from the noise check to the minimal set.
///
/// It is told once, as if every trial were measured already; ``Replay`` stops it where one is not.
/// So running, resuming and deriving a recommendation again all follow the same lines.
struct Procedure {
  let objective: Objective
  /// What the search tries; nil to take for the search what was searched.
  let plan: SearchPlan?
  /// Goes on though default against default differs.
  var isForced = false

  func run(_ replay: inout Replay, _ findings: inout Findings) throws(Replay.Stop) {
    try checkNoise(&replay, &findings)
    if findings.noise?.failed == true, !isForced { return }
    let contenders = try search(&replay, &findings)
    for contender in contenders {
      findings.winner = contender
      let validation = try validate(contender, of: contenders.count, &replay, &findings)
      guard validation.isAccepted else { continue }
      findings.accepted = validation
      let minimal = try ablate(contender, &replay, &findings)
      findings.minimal = minimal
      guard minimal != contender else { return }
      let confirmation = try validate(minimal, of: 1, &replay, &findings)
      if confirmation.isAccepted { findings.accepted = confirmation }
      return
    }
  }

  /// How many of the best of a search are validated, until one passes: the very best may owe its
  /// place to luck, or break a bound that the search could not see.
  private static let contenderLimit = 3

  /// Default against default. Once in a while even a sound bench fails by chance, so that a failure
  /// counts only if it comes twice; then nothing else is worth measuring.
  private func checkNoise(_ replay: inout Replay, _ findings: inout Findings) throws(Replay.Stop) {
    for _ in 0..<2 {
      let trial = try replay.trial(.noise, .baseline)
      let noise = NoiseFinding(
        trial: assess(trial, replay),
        autocorrelation: PairedComparison.autocorrelation(trial, objective.metric))
      findings.noise = noise
      if !noise.failed { return }
    }
  }

  /// Tries every configuration. Returns those that are worth a validation, the first one first.
  private func search(
    _ replay: inout Replay, _ findings: inout Findings
  ) throws(Replay.Stop) -> [Configuration] {
    var seen: Set<Configuration> = []
    var tried: [TrialFinding] = []
    defer { findings.search = corrected(tried, objective) }
    while let candidate = next(after: tried, replay) {
      func isRepeat(_ trial: TrialEvidence) -> Bool {
        guard let effective = trial.candidateEffective else { return false }
        return effective == trial.referenceEffective || seen.contains(effective)
      }
      let trial = try replay.trial(.search, candidate, isRepeat: isRepeat)
      tried.append(assess(trial, replay, isRepeat: isRepeat(trial)))
      if let effective = trial.candidateEffective { seen.insert(effective) }
    }
    findings.searchIsDone = true
    let contenders = contenders(of: corrected(tried, objective))
    findings.winner = contenders.first
    return contenders
  }

  /// What the search tries next: what is on record, or what the plan says. A plan that learns is
  /// not asked about what is on record already; one that does not, must agree with it.
  private func next(after tried: [TrialFinding], _ replay: Replay) -> Configuration? {
    guard let plan else { return replay.recordedCandidate(.search) }
    if tried.count < plan.fixed.count { return plan.fixed[tried.count] }
    if let recorded = replay.recordedCandidate(.search) { return recorded }
    return plan.next(after: observations(tried))
  }

  /// The trials as a strategy learns from them: gains over the baseline. What failed, or breaks a
  /// bound, is as bad as the worst that was measured, and worse than the baseline.
  private func observations(_ tried: [TrialFinding]) -> [SearchObservation] {
    let gains = tried.map { finding -> Double? in
      let isSound = !finding.breaksConstraint && !finding.harmsWorkload
      return isSound ? finding.effect?.gain(objective.goal) : nil
    }
    let worst = min(-max(objective.margin, 0.01), gains.compactMap(\.self).min() ?? 0)
    let baseline = SearchObservation(
      configuration: .baseline, value: 0, noiseShare: Self.baselineNoiseShare)
    return [baseline]
      + zip(tried, gains).map {
        SearchObservation(configuration: $0.configuration, value: $1 ?? worst)
      }
  }

  /// Every trial is held against the baseline, so that a gain of 0 is all but known.
  private static let baselineNoiseShare = 0.05

  /// The best of those that may be tried further, each time the largest gain that is left. Of gains
  /// that differ by less than the effect that matters, the one that changes less comes first.
  private func contenders(of findings: [TrialFinding]) -> [Configuration] {
    func gain(_ finding: TrialFinding) -> Double { finding.effect?.gain(objective.goal) ?? 0 }
    func rank(_ finding: TrialFinding) -> (Int, Double, Int) {
      (finding.configuration.values.count, -gain(finding), finding.trial)
    }
    var left = findings.filter { $0.isPromising(objective.goal) }
    var contenders: [Configuration] = []
    while contenders.count < Self.contenderLimit, let best = left.map(gain).max() {
      let tied = left.filter { gain($0) >= best - log1p(objective.margin) }
      guard let next = tied.min(by: { rank($0) < rank($1) }) else { break }
      contenders.append(next.configuration)
      left.removeAll { $0.trial == next.trial }
    }
    return contenders
  }

  /// Against the default, with fresh pairs: what won a search did so partly by luck.
  ///
  /// - Parameter contenders: how many may get the chance; p is corrected for that (Bonferroni).
  private func validate(
    _ candidate: Configuration, of contenders: Int, _ replay: inout Replay,
    _ findings: inout Findings
  ) throws(Replay.Stop) -> TrialFinding {
    var finding = assess(try replay.trial(.validate, candidate), replay)
    if contenders > 1, let probability = finding.effect?.probability {
      finding = finding.adjusted(to: min(1, probability * Double(contenders)), objective)
    }
    findings.checks.append(finding)
    return finding
  }

  /// Backward elimination: puts one knob back after the other, the one that seems to do least
  /// first, and leaves it so if that surely loses less than the effect that matters. Bounds that
  /// are multiples of the baseline hold against the larger set here; the validation that follows
  /// holds them against the default. The last knob needs no trial: without it nothing is changed.
  private func ablate(
    _ winner: Configuration, _ replay: inout Replay, _ findings: inout Findings
  ) throws(Replay.Stop) -> Configuration {
    var current = winner
    for knob in ascendingEffect(winner, findings.search) where current.values.count > 1 {
      func isRepeat(_ trial: TrialEvidence) -> Bool {
        trial.candidateEffective != nil && trial.candidateEffective == trial.referenceEffective
      }
      let candidate = current.reverting(knob)
      let trial = try replay.trial(.ablate, candidate, against: current, isRepeat: isRepeat)
      let finding = assess(trial, replay, isRepeat: isRepeat(trial))
      findings.checks.append(finding)
      findings.ablations[knob] = finding
      if finding.isHarmless(objective) { current = candidate }
    }
    return current
  }

  /// The winner's knobs by what the search makes of them: the mean gain of the trials with the
  /// winner's value less that of the others.
  private func ascendingEffect(_ winner: Configuration, _ tried: [TrialFinding]) -> [KnobName] {
    func effect(_ knob: KnobName) -> Double {
      func mean(_ isWith: Bool) -> Double {
        let gains = tried.filter { ($0.configuration[knob] == winner[knob]) == isWith }
          .compactMap { $0.effect?.gain(objective.goal) }
        return Series.mean(gains) ?? 0
      }
      return mean(true) - mean(false)
    }
    return winner.names.map { (effect($0), $0) }.sorted { $0 < $1 }.map(\.1)
  }

  private func assess(
    _ trial: TrialEvidence, _ replay: Replay, isRepeat: Bool = false
  ) -> TrialFinding {
    TrialFinding(trial, objective, workloads: replay.workloads, isRepeat: isRepeat)
  }
}

/// What a sweep has found so far.
struct Findings {
  var noise: NoiseFinding?
  var search: [TrialFinding] = []
  var searchIsDone = false
  /// What is or was validated last of the search; nil if nothing promised a gain.
  var winner: Configuration?
  /// Validations and ablations, in their order.
  var checks: [TrialFinding] = []
  /// The trial that put this knob back.
  var ablations: [KnobName: TrialFinding] = [:]
  /// The winner without what does nothing; nil until the elimination is done.
  var minimal: Configuration?
  /// The last validation that was passed: what is recommended.
  var accepted: TrialFinding?
}
