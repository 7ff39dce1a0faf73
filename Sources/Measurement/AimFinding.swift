/// What one trial showed of one metric of the objective.
package struct AimFinding: Codable, Hashable, Sendable {
  package let metric: String
  package let goal: Goal
  /// As the mean over the workloads that have the metric; nil if it was not measured.
  package let effect: Effect?
  /// p corrected over a family of tests; nil for a test that is a family of its own and is looked at
  /// once.
  package private(set) var adjustedProbability: Double?
  package private(set) var verdict: Verdict
  /// By workload; sorted by name.
  package let workloads: [WorkloadFinding]
  /// Why the verdict is `inconclusive` whatever the interval says; nil if it is the interval's.
  package let doubt: String?

  package init(
    _ aim: Aim, effect: Effect?, adjustedProbability: Double? = nil, verdict: Verdict,
    workloads: [WorkloadFinding], doubt: String?
  ) {
    metric = aim.metric.name
    goal = aim.goal
    self.effect = effect
    self.adjustedProbability = adjustedProbability
    self.verdict = verdict
    self.workloads = workloads
    self.doubt = doubt
  }

  /// The same finding as one of a family of tests.
  package func adjusted(to probability: Double, margin: Double) -> AimFinding {
    var copy = self
    copy.adjustedProbability = probability
    copy.verdict =
      doubt != nil
      ? .inconclusive
      : Verdict(effect, goal, margin: margin, adjustedProbability: probability)
    return copy
  }

  /// How good the effect is: the logarithm of the ratio, above 0 if it is for the better.
  package var gain: Double? { effect?.gain(goal) }
}

extension TrialFinding {
  /// What it shows of each aim of its objective, in their order.
  package func byAim(_ objective: Objective) -> [AimFinding] {
    aims
      ?? objective.aims.prefix(1).map {
        AimFinding(
          $0, effect: effect, adjustedProbability: adjustedProbability, verdict: verdict,
          workloads: workloads, doubt: doubt)
      }
  }

  /// Of each aim.
  package var verdicts: [Verdict] { aims?.map(\.verdict) ?? [verdict] }

  /// Why verdicts were withheld.
  package var doubts: [String] { aims?.compactMap(\.doubt) ?? [doubt].compactMap(\.self) }
}
