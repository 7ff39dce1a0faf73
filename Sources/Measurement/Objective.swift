/// Which way a metric shall go.
package enum Goal: String, Sendable, Hashable, Codable, CaseIterable {
  case maximise
  case minimise
}

/// What a sweep is asked for: one metric to better or several to trade off, bounds to keep, and the
/// smallest effect that is worth a change.
///
/// It has a notation of one line, which stands in every row of `trials.csv`:
/// `maximise throughput_bps; subject-to latency_p99_us <= 1.10x baseline, loss_ratio <= 0.001;
/// effect 2%`, or `pareto throughput_bps, latency_p99_us; effect 2%`.
package struct Objective: Hashable, Sendable, CustomStringConvertible {
  /// One; or two or three different ones, of which the front is wanted.
  package let aims: [Aim]
  package private(set) var constraints: [Constraint]
  /// The smallest effect that is worth a change, in per cent: 0 or more, below 100.
  package let effectPercent: Double

  package static let defaultEffectPercent = 2.0
  /// How many metrics may be traded off.
  package static let paretoCounts = 2...3

  /// Throws if the metric has no ratio or is better the other way, or if the effect is out of range.
  package init(
    _ goal: Goal, _ metric: Metric, subjectTo constraints: [Constraint] = [],
    effectPercent: Double = defaultEffectPercent
  ) throws(ObjectiveError) {
    try self.init(
      [Aim(goal, metric)], subjectTo: constraints, effectPercent: effectPercent)
  }

  /// - Parameter aims: as ``aims``; not checked again.
  init(
    _ aims: [Aim], subjectTo constraints: [Constraint], effectPercent: Double
  ) throws(ObjectiveError) {
    guard effectPercent >= 0, effectPercent < 100 else {
      throw ObjectiveError("effect is a percentage from 0% to below 100%, not \(effectPercent)%")
    }
    self.aims = aims
    self.constraints = constraints
    self.effectPercent = effectPercent
  }

  /// The same with these bounds.
  package func bounded(by constraints: [Constraint]) -> Objective {
    var bounded = self
    bounded.constraints = constraints
    return bounded
  }

  /// Whether several metrics are traded off.
  package var isPareto: Bool { aims.count > 1 }

  /// The smallest effect that is worth a change, as a share of the ratio: 0.02 for 2 %.
  package var margin: Double { effectPercent / 100 }

  /// Every metric that the objective looks at, without repeats.
  package var metrics: [Metric] {
    constraints.reduce(into: aims.map(\.metric)) { metrics, constraint in
      if !metrics.contains(constraint.metric) { metrics.append(constraint.metric) }
    }
  }

  /// The metrics of the aims, as sentences have them: `a`, `a and b`, `a, b and c`.
  package var wanted: String {
    let names = aims.map(\.metric.name)
    let last = names.suffix(2).joined(separator: " and ")
    return (names.dropLast(2) + [last]).joined(separator: ", ")
  }

  /// The one-line notation, which ``init(parsing:)`` reads back as the same objective.
  package var description: String {
    let word = isPareto ? Self.paretoWord : aims[0].goal.rawValue
    let bounds =
      constraints.isEmpty
      ? "" : "; subject-to " + constraints.map(\.description).joined(separator: ", ")
    return "\(word) \(aims.map(\.metric.name).joined(separator: ", "))\(bounds); "
      + "effect \(decimal(effectPercent))%"
  }

  /// In front of the metrics that are traded off.
  static let paretoWord = "pareto"
}

/// A bound that a candidate must keep on every workload that has the metric.
package struct Constraint: Hashable, Sendable, CustomStringConvertible {
  package enum Comparison: String, Sendable, Hashable, CaseIterable {
    case atMost = "<="
    case atLeast = ">="
  }

  package let metric: Metric
  package let comparison: Comparison
  /// How many times the baseline's value the bound is, above 0; nil if the baseline has no part in
  /// it.
  package let multiple: Double?
  /// What the bound has besides, in the metric's own unit: finite, not negative.
  package let offset: Double

  /// Throws if a number is negative or not finite, or if a metric that may be zero is bounded by
  /// nothing but a multiple.
  package init(
    _ metric: Metric, _ comparison: Comparison, multiple: Double? = nil, offset: Double = 0
  ) throws(ObjectiveError) {
    for number in [multiple ?? 0, offset] where !(number.isFinite && number >= 0) {
      throw ObjectiveError("the bound of \(metric) must be a number of 0 or more, not \(number)")
    }
    guard multiple == nil || metric.hasRatio || offset > 0 else {
      throw ObjectiveError(
        "\(metric) may be zero, so that a multiple of the baseline alone does not bound it: give a "
          + "value, such as \(metric) \(comparison.rawValue) 0.001, or add one, as in 1.05x baseline "
          + "+ 0.001")
    }
    guard multiple != 0 else {
      throw ObjectiveError("\(metric): a multiple of the baseline must be above 0")
    }
    self.metric = metric
    self.comparison = comparison
    self.multiple = multiple
    self.offset = offset
  }

  /// The factor that the ratio to the baseline is held against; nil if it takes more than a ratio to
  /// tell whether the bound is kept.
  package var ratio: Double? { offset == 0 ? multiple : nil }

  /// `latency_p99_us <= 1.10x baseline`, `loss_ratio <= 0.001` or
  /// `loss_ratio <= 1.05x baseline + 0.001`.
  package var description: String {
    let share = multiple.map { "\(factor($0))x baseline" }
    let value = offset > 0 || share == nil ? decimal(offset) : nil
    return "\(metric) \(comparison.rawValue) "
      + [share, value].compactMap(\.self).joined(separator: " + ")
  }
}

/// A number as people write it: `2`, not `2.0`.
private func decimal(_ value: Double) -> String {
  let text = value.description
  return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
}

/// A factor with at least two decimals: `1.10`.
private func factor(_ value: Double) -> String {
  let text = value.description
  guard !text.contains("e"), let point = text.firstIndex(of: ".") else { return text }
  let decimals = text.distance(from: point, to: text.endIndex) - 1
  return text + String(repeating: "0", count: max(0, 2 - decimals))
}
