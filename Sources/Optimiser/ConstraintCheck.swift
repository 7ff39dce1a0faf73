import Measurement

/// Holds one constraint against one trial, on one workload.
struct ConstraintCheck {
  let constraint: Constraint
  let trial: TrialEvidence

  /// One finding for each workload that has the metric; a single unproven one if none has it.
  func findings(on workloads: [String]) -> [ConstraintFinding] {
    workloads.isEmpty ? [finding(nil, nil, nil)] : workloads.map(finding)
  }

  private func finding(on workload: String) -> ConstraintFinding {
    if constraint.isRelativeToBaseline {
      let effect = PairedComparison(trial, constraint.metric, workload: workload).effect
      return finding(workload, effect?.ratio, effect?.interval)
    }
    let estimate = Estimate(swapPairMeans(of: workload).sorted { $0.key < $1.key }.map(\.value))
    return finding(workload, estimate?.mean, estimate?.interval)
  }

  private func finding(
    _ workload: String?, _ value: Double?, _ interval: Interval?
  ) -> ConstraintFinding {
    ConstraintFinding(
      constraint: constraint.description, workload: workload, value: value, interval: interval,
      status: status(interval), valueBreaks: value.map { !keeps($0) } ?? false)
  }

  private func keeps(_ value: Double) -> Bool {
    constraint.comparison == .atMost ? value <= constraint.bound : value >= constraint.bound
  }

  private func status(_ interval: Interval?) -> ConstraintFinding.Status {
    guard let interval else { return .unproven }
    switch (keeps(interval.lower), keeps(interval.upper)) {
    case (true, true): return .met
    case (false, false): return .broken
    default: return .unproven
    }
  }

  /// The candidate's own values by the number of the swap pair, of those that are whole. Within a
  /// block it is the mean that counts, not the median: frames lost in one slice out of ten are lost.
  func swapPairMeans(of workload: String) -> [Int: Double] {
    var means: [Int: Double] = [:]
    for block in trial.blocks(of: workload) {
      let valid = block.pairs.filter(\.isValid)
      means[block.number] = Series.mean(
        valid.compactMap { $0.candidate.metrics[constraint.metric] })
    }
    var pairs: [Int: Double] = [:]
    for (number, first) in means where number.isMultiple(of: 2) {
      if let second = means[number + 1] { pairs[number / 2] = first + (second - first) / 2 }
    }
    return pairs
  }
}
