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
  /// What may not stand together; known with ``plan``.
  var rules: [SearchSpace.Rule] = []
  /// Goes on though default against default differs.
  var isForced = false
  /// Of whatever is drawn.
  var seed: UInt64 = 0

  func run(_ replay: inout Replay, _ findings: inout Findings) throws(Replay.Stop) {
    let noise = try checkNoise(&replay, &findings)
    if findings.noise?.failed == true, !isForced { return }
    let contenders = try search(noise, &replay, &findings)
    findings.contenders = contenders
    let passed =
      try objective.isPareto
      ? knee(among: contenders, &replay, &findings)
      : firstToPass(contenders, &replay, &findings)
    guard let passed else { return }
    findings.accepted = passed
    let winner = passed.configuration
    let (minimal, wasHindered) = try eliminate(winner, &replay, &findings)
    findings.minimal = minimal
    guard minimal != winner || wasHindered else { return }
    let confirmation = try validate(minimal, of: 1, &replay, &findings)
    if confirmation.isAccepted { findings.accepted = confirmation }
  }

  private func firstToPass(
    _ contenders: [Configuration], _ replay: inout Replay, _ findings: inout Findings
  ) throws(Replay.Stop) -> TrialFinding? {
    for contender in contenders {
      findings.winner = contender
      let validation = try validate(contender, of: contenders.count, &replay, &findings)
      if validation.isAccepted { return validation }
    }
    return nil
  }

  /// How many of the best of a search are validated, until one passes: the very best may owe its
  /// place to luck, or break a bound that the search could not see.
  private static let contenderLimit = 3

  /// Default against default. Once in a while even a sound bench fails by chance, so that a failure
  /// counts only if it comes twice; then nothing else is worth measuring.
  private func checkNoise(
    _ replay: inout Replay, _ findings: inout Findings
  ) throws(Replay.Stop) -> TrialEvidence {
    func check() throws(Replay.Stop) -> (TrialEvidence, NoiseFinding) {
      let trial = try replay.trial(.noise, .baseline)
      let noise = NoiseFinding(
        trial: assess(trial, replay),
        autocorrelation: PairedComparison.autocorrelation(trial, objective.aims[0].metric))
      findings.noise = noise
      return (trial, noise)
    }
    let (first, noise) = try check()
    return noise.failed ? try check().0 : first
  }

  /// Tries every configuration. Returns those that are worth a validation, the first one first.
  ///
  /// - Parameter noise: default against default, of this run.
  private func search(
    _ noise: TrialEvidence, _ replay: inout Replay, _ findings: inout Findings
  ) throws(Replay.Stop) -> [Configuration] {
    var seen: Set<Configuration> = []
    var tried: [TrialFinding] = []
    defer { findings.search = corrected(tried, objective) }
    while let candidate = next(after: tried, replay) {
      func isRepeat(_ trial: TrialEvidence) -> Bool {
        guard let effective = trial.candidateEffective else { return false }
        return effective == trial.referenceEffective || seen.contains(effective)
      }
      let drop = EarlyDrop(objective: objective, noise: noise, workloads: replay.workloads)
      let trial = try replay.trial(
        .search, candidate, isRepeat: isRepeat, isHopeless: drop.isHopeless)
      tried.append(assess(trial, replay, isRepeat: isRepeat(trial)))
      findings.trials[trial.number] = trial
      if let effective = trial.candidateEffective { seen.insert(effective) }
    }
    findings.searchIsDone = true
    let found = corrected(tried, objective)
    return objective.isPareto
      ? pointsToValidate(standings(found, findings.trials, replay)) : contenders(of: found)
  }

  /// What the search tries next: what is on record, or what the plan says. A plan that learns is
  /// not asked about what is on record already; one that does not, must agree with it.
  private func next(after tried: [TrialFinding], _ replay: Replay) -> Configuration? {
    guard let plan else { return replay.recordedCandidate(.search) }
    if tried.count < plan.fixed.count { return plan.fixed[tried.count] }
    if let recorded = replay.recordedCandidate(.search) { return recorded }
    return plan.next(after: observations(tried, replay.plan?.budget.search ?? 1))
  }

  /// The trials as a strategy learns from them: gains over the baseline, of several metrics as one
  /// number. What failed, be it now and then, or breaks a bound, is as bad as the worst that was measured, and worse than
  /// the baseline.
  ///
  /// - Parameter swapPairs: of a whole trial. One that ended earlier is less sure.
  private func observations(
    _ tried: [TrialFinding], _ swapPairs: Int
  ) -> [SearchObservation] {
    let gains = tried.map { finding -> [Double]? in
      let isSound =
        finding.unreliable == nil && !finding.breaksConstraint && !finding.harmsWorkload
      let gains = finding.byAim(objective).compactMap(\.gain)
      return isSound && gains.count == objective.aims.count ? gains : nil
    }
    let scale = Scalarisation(
      gains.compactMap(\.self), aims: objective.aims.count, number: tried.count,
      least: log1p(objective.margin))
    let values = gains.map { $0.map(scale.value) }
    let worst = min(-max(objective.margin, 0.01), values.compactMap(\.self).min() ?? 0)
    let baseline = SearchObservation(
      configuration: .baseline, value: 0, noiseShare: Self.baselineNoiseShare)
    return [baseline]
      + zip(tried, values).map {
        let measured = $0.effect?.swapPairs ?? swapPairs
        return SearchObservation(
          configuration: $0.configuration, value: $1 ?? worst,
          noiseShare: Double(swapPairs) / Double(max(1, measured)))
      }
  }

  /// Every trial is held against the baseline, so that a gain of 0 is all but known.
  private static let baselineNoiseShare = 0.05

  /// The best of those that may be tried further, each time the largest gain that is left. Of gains
  /// that differ by less than the effect that matters, the one that changes less comes first.
  private func contenders(of findings: [TrialFinding]) -> [Configuration] {
    func gain(_ finding: TrialFinding) -> Double {
      finding.byAim(objective).first?.gain ?? 0
    }
    func rank(_ finding: TrialFinding) -> (Int, Double, Int) {
      (finding.configuration.values.count, -gain(finding), finding.trial)
    }
    var left = findings.filter { $0.isPromising(objective) }
    var contenders: [Configuration] = []
    while contenders.count < Self.contenderLimit, let best = left.map(gain).max() {
      let tied = left.filter { gain($0) >= best - log1p(objective.margin) }
      guard let next = tied.min(by: { rank($0) < rank($1) }) else { break }
      contenders.append(next.configuration)
      left.removeAll { $0.trial == next.trial }
    }
    return contenders
  }

  /// Against the default, with fresh pairs: what won a search did so partly by luck. It is looked at
  /// twice at most: see ``ValidationLooks``.
  ///
  /// - Parameter contenders: how many may get the chance; p is corrected for that and for the number
  ///   of metrics (Bonferroni).
  func validate(
    _ candidate: Configuration, of contenders: Int, _ replay: inout Replay,
    _ findings: inout Findings
  ) throws(Replay.Stop) -> TrialFinding {
    let family = contenders * objective.aims.count
    func judge(_ trial: TrialEvidence, _ replay: Replay) -> TrialFinding {
      assess(trial, replay, alpha: ValidationLooks.alpha).adjusted(objective) { aim in
        aim.effect?.probability.map { ValidationLooks.adjusted($0, family: family) }
      }
    }
    let soFar = replay
    let trial = try replay.trial(
      .validate, candidate, isSettled: { judge($0, soFar).isSettled(objective) })
    findings.trials[trial.number] = trial
    let finding = judge(trial, replay)
    findings.checks.append(finding)
    return finding
  }

  func assess(
    _ trial: TrialEvidence, _ replay: Replay, alpha: Double = Estimate.alpha,
    isRepeat: Bool = false
  ) -> TrialFinding {
    trial.finding(
      TrialEvidence.Judging(
        objective: objective, workloads: replay.workloads, alpha: alpha, isRepeat: isRepeat))
  }
}

/// What a sweep has found so far.
struct Findings {
  var noise: NoiseFinding?
  var search: [TrialFinding] = []
  var searchIsDone = false
  /// What is or was validated last of the search, of several metrics the knee; nil if nothing
  /// promised a gain.
  var winner: Configuration?
  /// What of the search may be validated.
  var contenders: [Configuration] = []
  /// What the search and the checks rest on, by the number of the trial.
  var trials: [Int: TrialEvidence] = [:]
  /// The default and what was validated, of an objective with several metrics; nil until all were.
  var front: [FrontPoint]?
  /// Validations and ablations, in their order.
  var checks: [TrialFinding] = []
  /// The trial that put this knob back: by itself, or with others if that did no harm.
  var ablations: [KnobName: TrialFinding] = [:]
  /// How many knobs the elimination has still to put back.
  var knobsToSettle = 0
  /// The winner without what does nothing; nil until the elimination is done.
  var minimal: Configuration?
  /// The last validation that was passed: what is recommended.
  var accepted: TrialFinding?
}
