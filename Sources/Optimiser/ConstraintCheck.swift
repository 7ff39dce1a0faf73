import Measurement

/// Holds one constraint against one trial, on one workload.
struct ConstraintCheck {
  let constraint: Constraint
  let trial: TrialEvidence
  /// 1 − the confidence of the intervals.
  var alpha = Estimate.alpha

  /// One finding for each workload that has the metric; a single unproven one if none has it.
  func findings(on workloads: [String]) -> [ConstraintFinding] {
    workloads.isEmpty ? [finding(nil, nil, nil)] : workloads.map(finding)
  }

  private func finding(on workload: String) -> ConstraintFinding {
    if constraint.ratio != nil {
      let effect = PairedComparison(trial, constraint.metric, workload: workload)
        .effect(alpha: alpha)
      return finding(workload, effect?.ratio, effect?.interval)
    }
    let values = excesses(on: workload).sorted { $0.key < $1.key }.map(\.value)
    let estimate = Estimate(values, alpha: alpha)
    return finding(workload, estimate?.mean, estimate?.interval)
  }

  private func finding(
    _ workload: String?, _ value: Double?, _ interval: Interval?
  ) -> ConstraintFinding {
    ConstraintFinding(
      constraint: constraint.description, workload: workload, value: value, interval: interval,
      status: status(interval), valueBreaks: value.map { !keeps($0) } ?? false)
  }

  /// Of a ratio, or of an excess: see ``excesses(on:)``.
  private func keeps(_ value: Double) -> Bool {
    let bound = constraint.ratio ?? constraint.offset
    return constraint.comparison == .atMost ? value <= bound : value >= bound
  }

  private func status(_ interval: Interval?) -> ConstraintFinding.Status {
    guard let interval else { return .unproven }
    switch (keeps(interval.lower), keeps(interval.upper)) {
    case (true, true): return .met
    case (false, false): return .broken
    default: return .unproven
    }
  }

  /// What the candidate has beyond the bound's multiple of the baseline, by the number of the swap
  /// pair, of those that are whole: its own values, if there is no multiple. Within a block it is the
  /// mean that counts, not the median: frames lost in one slice out of ten are lost.
  func excesses(on workload: String) -> [Int: Double] {
    let multiple = constraint.multiple ?? 0
    var means: [Int: Double] = [:]
    for block in trial.soundBlocks(of: workload) {
      let excesses = block.pairs.filter(\.isValid).compactMap { pair -> Double? in
        guard let value = pair.candidate.metrics[constraint.metric] else { return nil }
        if multiple == 0 { return value }
        return pair.reference.metrics[constraint.metric].map { value - multiple * $0 }
      }
      means[block.number] = Series.mean(excesses)
    }
    var pairs: [Int: Double] = [:]
    for (number, first) in means where number.isMultiple(of: 2) {
      if let second = means[number + 1] { pairs[number / 2] = first + (second - first) / 2 }
    }
    return pairs
  }
}
