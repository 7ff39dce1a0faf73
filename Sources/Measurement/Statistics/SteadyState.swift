/// Whether a rate held still while it was measured: the parts of one window held against each other.
///
/// Two rules, both of neper and CSIT: a straight line through the parts has no slope that is told
/// from 0, and the parts differ by less than 5 % of their mean.
package struct SteadyState: Sendable, Hashable {
  /// The standard deviation of the parts ÷ their mean.
  package let variation: Double
  /// Two-sided p of "the slope is 0".
  package let slopeProbability: Double

  package static let mostVariation = 0.05

  package var isSteady: Bool {
    variation < Self.mostVariation && slopeProbability >= Estimate.alpha
  }

  /// - Parameter parts: the rate in equal parts of the window, in their order.
  /// - Returns: nil of fewer than three, of nothing delivered, and of what is no number.
  package init?(_ parts: [Double]) {
    guard parts.count >= 3, parts.allSatisfy(\.isFinite), let mean = Series.mean(parts), mean > 0,
      let deviation = Series.standardDeviation(parts)
    else { return nil }
    variation = deviation / mean
    slopeProbability =
      LinearTrend(places: parts.indices.map(Double.init), values: parts)?.probability ?? 1
  }
}
