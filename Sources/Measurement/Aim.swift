/// One metric, and the way that it shall go.
package struct Aim: Hashable, Sendable {
  package let goal: Goal
  package let metric: Metric

  /// Throws if the metric has no ratio or is better the other way.
  package init(_ goal: Goal, _ metric: Metric) throws(ObjectiveError) {
    guard metric.hasRatio else { throw Self.withoutRatio(metric) }
    guard metric.goal == nil || goal == metric.goal else {
      let right = goal == .maximise ? "less: minimise it" : "more: maximise it"
      throw ObjectiveError("\(metric) is better when it is \(right)")
    }
    self.goal = goal
    self.metric = metric
  }

  /// The way that is better for the metric. Throws if it has no ratio, or if neither way is.
  package init(bettering metric: Metric) throws(ObjectiveError) {
    guard metric.hasRatio else { throw Self.withoutRatio(metric) }
    guard let goal = metric.goal else {
      throw ObjectiveError(
        "\(metric) is neither better when it is more nor when it is less: pareto cannot tell "
          + "which way is good")
    }
    self.goal = goal
    self.metric = metric
  }

  private static func withoutRatio(_ metric: Metric) -> ObjectiveError {
    ObjectiveError("\(metric) may be zero and has no ratio: bound it with subject-to instead")
  }
}

extension Metric {
  /// The way that is better; nil if neither is.
  fileprivate var goal: Goal? {
    switch polarity {
    case .moreIsBetter: .maximise
    case .lessIsBetter: .minimise
    case .neither: nil
    }
  }
}
