import Measurement

/// What a trial showed of one metric, as tables have it.
struct FindingRow {
  /// Nil where the objective has but one.
  let metric: String?
  let effect: Effect?
  /// As the verdict rests on it.
  let probability: Double?
  let verdict: Verdict
  let workloads: [WorkloadFinding]
  /// Whether it is of a validation.
  let isValidation: Bool

  /// ` of throughput_bps`, where there are several.
  var of: String { metric.map { " of \($0)" } ?? "" }

  /// The mean of the workloads, if there is one, then each. All with p as the verdict rests on it.
  func effects(all: String) -> [EffectRow] {
    let each = workloads.map { workload in
      let probability = workload.effect.probability.map {
        isValidation ? ValidationLooks.adjusted($0) : $0
      }
      return EffectRow(
        name: workload.workload, effect: workload.effect, probability: probability,
        verdict: workload.verdict)
    }
    let mean = effect.map {
      EffectRow(name: all, effect: $0, probability: probability, verdict: verdict)
    }
    return (mean.map { [$0] } ?? []) + each
  }
}

/// An effect on one workload, or on all of them.
struct EffectRow {
  let name: String
  let effect: Effect
  let probability: Double?
  let verdict: Verdict
}

extension TrialFinding {
  /// One for each metric of the objective.
  var rows: [FindingRow] {
    aims?.map { aim in
      FindingRow(
        metric: aim.metric, effect: aim.effect,
        probability: aim.adjustedProbability ?? aim.effect?.probability, verdict: aim.verdict,
        workloads: aim.workloads, isValidation: isValidation)
    } ?? [
      FindingRow(
        metric: nil, effect: effect, probability: adjustedProbability ?? effect?.probability,
        verdict: verdict, workloads: workloads, isValidation: isValidation)
    ]
  }

  var isValidation: Bool { role == Role.validate.rawValue }
}

extension Recommendation {
  /// Those of its objective, in its order, if it has several; else empty.
  var metrics: [String] {
    (search + checks).first?.aims?.map(\.metric) ?? []
  }

  /// The effects of a knob, one for each metric of the objective.
  func rows(of knob: KnobFinding) -> [(metric: String?, effect: Effect?)] {
    metrics.isEmpty ? [(nil, knob.effect)] : metrics.map { ($0, knob.effects?[$0]) }
  }
}

extension FrontPoint {
  /// `+35.4 % (+33.4 % … +37.4 %)`; of the default, which all are held against, a dash.
  func effect(on metric: String) -> String {
    guard let effect = effects[metric] else { return "–" }
    return "\(Wording.effect(effect)) (\(Wording.interval(effect.interval)))"
  }

  /// `knee; best throughput_bps`, or that it is not on the front.
  var remark: String {
    guard isOnFront else { return "not on the front" }
    let best = bestFor.isEmpty ? [] : ["best \(bestFor.joined(separator: ", "))"]
    return ((isKnee ? ["knee"] : []) + best).joined(separator: "; ")
  }
}
