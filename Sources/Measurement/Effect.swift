import Foundation

/// The two ends of a confidence interval: 95 %, of validations more (``ValidationLooks``).
package struct Interval: Hashable, Sendable, Codable {
  package let lower: Double
  package let upper: Double

  package init(lower: Double, upper: Double) {
    self.lower = lower
    self.upper = upper
  }
}

/// The mean of a few independent values, with what can be said of the true one.
///
/// The interval and p are Student's t with n − 1 degrees of freedom. The values are means of
/// medians of many slices, so they are close to normal; they are few, so that the exact
/// signed-rank test could give no p below 2/2ⁿ, too coarse to be corrected over a search.
package struct Estimate: Hashable, Sendable {
  /// 1 − the confidence of every interval, and the chance of a false finding of a whole family.
  package static let alpha = 0.05
  /// The chance that the smallest visible effect would have been found.
  package static let power = 0.8

  package let mean: Double
  package let count: Int
  /// The spread of single values; nil of one.
  package let deviation: Double?
  /// Nil of one value: nothing is known of the spread.
  package let interval: Interval?
  /// Two-sided, of "the true value is 0"; nil as for ``interval``.
  package let probability: Double?
  /// The smallest true value that would have been told from 0 with a chance of ``power``.
  package let smallestVisible: Double?

  /// Nil of nothing.
  /// - Parameter alpha: 1 − the confidence of the interval.
  package init?(_ values: [Double], alpha: Double = Self.alpha) {
    guard let mean = Series.mean(values) else { return nil }
    self.mean = mean
    count = values.count
    deviation = Series.standardDeviation(values)
    guard let deviation else {
      (interval, probability, smallestVisible) = (nil, nil, nil)
      return
    }
    let student = StudentDistribution(degreesOfFreedom: Double(count - 1))
    let error = deviation / Double(count).squareRoot()
    let reach = student.quantile(1 - alpha / 2)
    interval = Interval(lower: mean - reach * error, upper: mean + reach * error)
    smallestVisible = Self.smallestVisible(
      deviation: deviation, count: values.count, alpha: alpha)
    probability = error > 0 ? student.twoSidedProbability(mean / error) : (mean == 0 ? 1 : 0)
  }

  /// The smallest true mean that so many values of this spread, two at least, would tell from 0 with
  /// a chance of ``power``.
  package static func smallestVisible(
    deviation: Double, count: Int, alpha: Double = Self.alpha
  ) -> Double {
    let student = StudentDistribution(degreesOfFreedom: Double(count - 1))
    let error = deviation / Double(count).squareRoot()
    return (student.quantile(1 - alpha / 2) + student.quantile(power)) * error
  }
}

/// What a candidate does to a metric: candidate ÷ reference, and how sure that is.
package struct Effect: Hashable, Sendable, Codable {
  /// Candidate ÷ reference; 1 is no effect.
  package let ratio: Double
  /// Of ``ratio``; nil where a single swap pair was measured.
  package let interval: Interval?
  /// Two-sided p of "the ratio is 1", not corrected for other tests.
  package let probability: Double?
  /// Swap pairs behind the effect: see ``PairedComparison``.
  package let swapPairs: Int
  /// The smallest effect that would have been found four times out of five: 0.02 is 2 %.
  package let smallestVisible: Double?
  /// The standard deviation of the logarithms of the swap pairs' ratios: 0.02 is about 2 %.
  package let noise: Double?

  /// - Parameters:
  ///   - logarithms: ln(candidate ÷ reference), one for each swap pair.
  ///   - alpha: 1 − the confidence of the interval.
  /// - Returns: nil of nothing.
  package init?(logarithms: [Double], alpha: Double = Estimate.alpha) {
    guard let estimate = Estimate(logarithms, alpha: alpha) else { return nil }
    ratio = Self.ratio(estimate.mean)
    interval = estimate.interval.map {
      Interval(lower: Self.ratio($0.lower), upper: Self.ratio($0.upper))
    }
    probability = estimate.probability
    swapPairs = estimate.count
    smallestVisible = estimate.smallestVisible.map { Self.ratio($0) - 1 }
    noise = estimate.deviation
  }

  private init(invertedFrom effect: Effect) {
    ratio = 1 / effect.ratio
    interval = effect.interval.map { Interval(lower: 1 / $0.upper, upper: 1 / $0.lower) }
    probability = effect.probability
    swapPairs = effect.swapPairs
    smallestVisible = effect.smallestVisible
    noise = effect.noise
  }

  /// The same finding told from the other side: reference ÷ candidate.
  package var inverted: Effect { Effect(invertedFrom: self) }

  /// How good the effect is: the logarithm of the ratio, above 0 if it is for the better.
  package func gain(_ goal: Goal) -> Double {
    goal == .maximise ? log(ratio) : -log(ratio)
  }

  /// Kept within 10⁻⁹…10⁹, so that every number of a report is finite.
  private static func ratio(_ logarithm: Double) -> Double {
    exp(max(-PairedComparison.mostLogarithm, min(PairedComparison.mostLogarithm, logarithm)))
  }
}
