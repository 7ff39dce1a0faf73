import Foundation
package import Measurement

/// A full table of what every configuration is worth: what strategies are rehearsed on.
package struct RecordedTable: Sendable {
  /// A value for each row of the table.
  package let values: [Configuration: Double]
  package let space: SearchSpace
  package let goal: Goal
  /// The values that stand for the default.
  package let baseline: Configuration

  /// - Parameters:
  ///   - rows: every configuration that was recorded, with the values of all knobs, and its value,
  ///     above 0; a configuration that is there several times counts with the geometric mean.
  ///   - baseline: the values that stand for the default; it must be one of the rows.
  /// - Throws: for a table without a second configuration, without the baseline, and with values
  ///   that have no logarithm.
  package init(
    rows: [(configuration: Configuration, value: Double)], baseline: Configuration, goal: Goal,
    switchSeconds: [KnobName: Double] = [:]
  ) throws(SearchSpaceError) {
    var logarithms: [Configuration: [Double]] = [:]
    for (configuration, value) in rows {
      guard value > 0, value.isFinite else {
        throw SearchSpaceError("a value of \(value) has no logarithm: it must be above 0")
      }
      let changed = configuration.values.filter { $0.value != baseline[$0.key] }
      logarithms[Configuration(changed), default: []].append(log(value))
    }
    guard logarithms[.baseline] != nil else {
      throw SearchSpaceError("the default (\(baseline)) is no row of the table")
    }
    guard logarithms.count > 1 else {
      throw SearchSpaceError("the table has no configuration but the default")
    }
    let knobs = Set(rows.flatMap { $0.configuration.values.keys }).sorted()
    let dimensions = knobs.map { knob in
      let values = Set(rows.compactMap { $0.configuration[knob] }).subtracting(
        baseline[knob].map { [$0] } ?? [])
      return SearchSpace.Dimension(
        knob: knob, values: [SearchSpace.untouched] + values.sorted(by: Self.precedes),
        original: baseline[knob], switchSeconds: switchSeconds[knob] ?? 0)
    }.filter { $0.values.count > 1 }
    space = try SearchSpace(dimensions, listed: Array(logarithms.keys))
    values = logarithms.mapValues { exp(Series.mean($0) ?? 0) }
    self.goal = goal
    self.baseline = baseline
  }

  private static func precedes(_ left: KnobValue, _ right: KnobValue) -> Bool {
    if let low = left.magnitude, let high = right.magnitude, low != high { return low < high }
    return left.description < right.description
  }

  /// ln of the ratio to the default; more is better.
  package func gain(_ configuration: Configuration) -> Double? {
    guard let value = values[configuration], let baseline = values[.baseline] else { return nil }
    let ratio = log(value / baseline)
    return goal == .maximise ? ratio : -ratio
  }

  /// The configuration of the best row, and of the shortest of equals.
  package var best: Configuration {
    values.keys.sorted { ($0.values.count, $0.description) < ($1.values.count, $1.description) }
      .max { (gain($0) ?? 0) < (gain($1) ?? 0) } ?? .baseline
  }

  /// With the values of all knobs, those of the default too.
  package func complete(_ configuration: Configuration) -> Configuration {
    Configuration(baseline.values.merging(configuration.values) { $1 })
  }
}
