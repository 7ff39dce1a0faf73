import Measurement

/// What a trial showed of one metric, as tables have it.
struct FindingRow {
  /// Nil where the objective has but one.
  let metric: String?
  let effect: Effect?
  let probability: Double?
  let verdict: Verdict
  let workloads: [WorkloadFinding]

  /// ` of throughput_bps`, where there are several.
  var of: String { metric.map { " of \($0)" } ?? "" }

  /// The mean of the workloads, if there is one, then each.
  func effects(all: String) -> [(name: String, effect: Effect, verdict: Verdict)] {
    var rows = workloads.map { (name: $0.workload, effect: $0.effect, verdict: $0.verdict) }
    if let effect { rows.insert((name: all, effect: effect, verdict: verdict), at: 0) }
    return rows
  }
}

extension TrialFinding {
  /// One for each metric of the objective.
  var rows: [FindingRow] {
    aims?.map { aim in
      FindingRow(
        metric: aim.metric, effect: aim.effect,
        probability: aim.adjustedProbability ?? aim.effect?.probability, verdict: aim.verdict,
        workloads: aim.workloads)
    } ?? [
      FindingRow(
        metric: nil, effect: effect, probability: adjustedProbability ?? effect?.probability,
        verdict: verdict, workloads: workloads)
    ]
  }
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
