import Foundation

/// A straight line through points by least squares, and whether its slope is told from 0.
package struct LinearTrend: Sendable, Hashable {
  /// What the value gains for one unit of the place.
  package let slope: Double
  /// Two-sided p of "the slope is 0", by Student's t with n − 2 degrees of freedom.
  package let probability: Double

  /// - Returns: nil of fewer than three points, of places that are all the same, and of what is no
  ///   finite number.
  package init?(places: [Double], values: [Double]) {
    guard places.count >= 3, places.count == values.count,
      (places + values).allSatisfy(\.isFinite), let centre = Series.mean(places),
      let mean = Series.mean(values)
    else { return nil }
    let spread = places.reduce(0) { $0 + ($1 - centre) * ($1 - centre) }
    guard spread > 0 else { return nil }
    let slope = zip(places, values).reduce(0) { $0 + ($1.0 - centre) * ($1.1 - mean) } / spread
    self.slope = slope
    let rest = zip(places, values).reduce(0) { sum, point in
      let error = point.1 - mean - slope * (point.0 - centre)
      return sum + error * error
    }
    let freedom = Double(places.count - 2)
    let standardError = (rest / freedom / spread).squareRoot()
    // A line that all points lie on leaves nothing but rounding.
    guard standardError > abs(slope) * 1e-9 else {
      probability = abs(slope) * spread.squareRoot() > 1e-9 * max(abs(mean), 1e-300) ? 0 : 1
      return
    }
    probability = StudentDistribution(degreesOfFreedom: freedom)
      .twoSidedProbability(slope / standardError)
  }
}
