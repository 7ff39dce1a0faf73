import Foundation

/// Whether a true value surely lies within bounds: two one-sided tests (TOST; Schuirmann, 1987).
///
/// Both are Student's t with n − 1 degrees of freedom. ``Verdict/equivalent`` asks for more than the
/// usual p below 0.05: a whole 95 % interval within the bounds is the same as p < 0.025 here.
package struct Equivalence: Hashable, Sendable {
  /// Of "the true value is the lower bound or less": small if it is surely above, which is
  /// non-inferiority where more is better.
  package let aboveLower: Double
  /// Of "the true value is the upper bound or more": small if it is surely below, which is
  /// non-inferiority where less is better.
  package let belowUpper: Double

  /// Of "the true value is outside the bounds or on one".
  package var probability: Double { max(aboveLower, belowUpper) }

  /// - Parameters:
  ///   - estimate: of logarithms of ratios, where the bounds are those of a margin.
  ///   - bounds: what is as good as no difference.
  /// - Returns: nil of one value: nothing is known of its spread.
  package init?(_ estimate: Estimate, within bounds: ClosedRange<Double>) {
    guard let deviation = estimate.deviation else { return nil }
    let error = deviation / Double(estimate.count).squareRoot()
    let student = StudentDistribution(degreesOfFreedom: Double(estimate.count - 1))
    func probability(_ distance: Double) -> Double {
      guard error > 0 else { return distance > 0 ? 0 : 1 }
      return student.cumulative(-distance / error)
    }
    aboveLower = probability(estimate.mean - bounds.lowerBound)
    belowUpper = probability(bounds.upperBound - estimate.mean)
  }

  /// What a margin allows, in logarithms of ratios: 0.02 is the ratios 0.98…1.02.
  package static func bounds(margin: Double) -> ClosedRange<Double> {
    precondition(margin >= 0, "a margin is not below 0")
    return log(max(0, 1 - margin))...log(1 + margin)
  }
}
