import Foundation

extension Effect {
  /// More swap pairs than anyone will measure.
  package static let mostSwapPairs = 1_000_000

  /// How many swap pairs in all it would take to decide, if the effect is as large as it now looks
  /// and the noise stays what it is: to prove an effect beyond the margin, or equivalence within.
  ///
  /// The number with which the whole interval lies on one side of the margin with a chance of
  /// ``Estimate/power``: the smallest n for which √n × distance ÷ noise reaches t₁₋α/₂ + t₀.₈, both
  /// with n − 1 degrees of freedom; within the margin, the chances of missing either end add up.
  ///
  /// - Parameters:
  ///   - margin: the smallest difference that matters: 0.02 is 2 %.
  ///   - family: how many tests p is corrected for; the interval is not.
  ///   - alpha: the chance of a false finding that it is judged with: 1 − the confidence of the
  ///     interval.
  /// - Returns: nil where no number would do, as the effect lies at the margin itself; where it
  ///   would take over ``mostSwapPairs``; and where the noise is not known.
  package func swapPairsNeeded(
    margin: Double, family: Int = 1, alpha: Double = Estimate.alpha
  ) -> Int? {
    precondition(family > 0, "a test is in a family of one at least")
    guard let noise else { return nil }
    let bounds = Equivalence.bounds(margin: margin)
    let need = SwapPairNeed(
      effect: log(ratio), noise: noise, bounds: bounds, alpha: alpha,
      significance: alpha / Double(family))
    guard need.distance > 0 else { return nil }
    return need.smallest(upTo: Self.mostSwapPairs)
  }
}

/// What it takes to tell an effect from the bounds of a margin. All in logarithms of ratios.
private struct SwapPairNeed {
  let effect: Double
  let noise: Double
  let bounds: ClosedRange<Double>
  /// 1 − the confidence of the interval.
  let alpha: Double
  /// Which p must be below to prove a difference.
  let significance: Double

  /// From the nearest bound.
  var distance: Double {
    min(abs(effect - bounds.lowerBound), abs(effect - bounds.upperBound))
  }

  /// The chance that `count` swap pairs decide.
  func power(_ count: Int) -> Double {
    let student = StudentDistribution(degreesOfFreedom: Double(count - 1))
    let precision = Double(count).squareRoot() / noise
    let reach = student.quantile(1 - alpha / 2)
    /// That the estimate, so far on the right side, keeps `reach` standard errors.
    func chance(_ distance: Double, _ reach: Double) -> Double {
      student.cumulative(distance * precision - reach)
    }
    if bounds.contains(effect) {
      return chance(effect - bounds.lowerBound, reach) + chance(bounds.upperBound - effect, reach)
        - 1
    }
    let proof = student.quantile(1 - significance / 2)
    return min(chance(distance, reach), chance(abs(effect), proof))
  }

  /// The fewest of two or more with enough power: by doubling, then by halving.
  func smallest(upTo most: Int) -> Int? {
    var enough = 2
    while power(enough) < Estimate.power {
      guard enough < most else { return nil }
      enough = min(most, enough * 2)
    }
    var short = enough / 2
    while short + 1 < enough {
      let middle = (short + enough) / 2
      if power(middle) < Estimate.power { short = middle } else { enough = middle }
    }
    return enough
  }
}
