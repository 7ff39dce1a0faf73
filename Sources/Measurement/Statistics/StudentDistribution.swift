import Foundation

/// Student's t distribution.
package struct StudentDistribution: Sendable, Hashable {
  /// Above 0; n − 1 for the mean of n independent values.
  package let degreesOfFreedom: Double

  package init(degreesOfFreedom: Double) {
    precondition(degreesOfFreedom > 0, "Student's t needs a degree of freedom")
    self.degreesOfFreedom = degreesOfFreedom
  }

  /// P(T ≤ t).
  package func cumulative(_ t: Double) -> Double {
    let tail = tailProbability(abs(t))
    return t < 0 ? tail : 1 - tail
  }

  /// P(|T| ≥ |t|), exact even where it is tiny.
  package func twoSidedProbability(_ t: Double) -> Double { 2 * tailProbability(abs(t)) }

  /// The t with P(T ≤ t) = `probability`; ±∞ at 0 and 1.
  ///
  /// Found by halving an interval that surely holds it: slower than a series and easier to trust.
  package func quantile(_ probability: Double) -> Double {
    precondition((0...1).contains(probability), "a probability is within 0…1")
    let t = upperQuantile(min(probability, 1 - probability))
    return probability < 0.5 ? -t : t
  }

  /// The t ≥ 0 with P(T ≥ t) = `tail`, which is at most one half.
  private func upperQuantile(_ tail: Double) -> Double {
    guard tail < 0.5 else { return 0 }
    guard tail > 0 else { return .infinity }
    var low = 0.0
    var high = 1.0
    while tailProbability(high) > tail { high *= 2 }
    for _ in 0..<200 where low.nextUp < high {
      let middle = low + (high - low) / 2
      if tailProbability(middle) > tail { low = middle } else { high = middle }
    }
    return low + (high - low) / 2
  }

  /// P(T ≥ t) for t ≥ 0.
  private func tailProbability(_ t: Double) -> Double {
    guard t.isFinite else { return 0 }
    let sum = degreesOfFreedom + t * t
    return 0.5
      * incompleteBeta(degreesOfFreedom / sum, t * t / sum, 0.5 * degreesOfFreedom, 0.5)
  }
}

/// The regularised incomplete beta function I_x(a, b), 0 ≤ x ≤ 1, by its continued fraction
/// (Abramowitz and Stegun 26.5.8), evaluated after Lentz.
///
/// - Parameter y: 1 − x, which whoever calls knows without a rounding error.
private func incompleteBeta(_ x: Double, _ y: Double, _ a: Double, _ b: Double) -> Double {
  if x <= 0 { return 0 }
  if y <= 0 { return 1 }
  // The fraction converges fast on the near side of the mean only.
  if x > (a + 1) / (a + b + 2) { return 1 - incompleteBeta(y, x, b, a) }
  let logarithm = logGamma(a + b) - logGamma(a) - logGamma(b) + a * log(x) + b * log(y)
  let tiny = 1e-300
  func apart(_ value: Double) -> Double { abs(value) < tiny ? tiny : value }
  var c = 1.0
  var d = 1 / apart(1 - (a + b) * x / (a + 1))
  var fraction = d
  for step in 1...1000 {
    let m = Double(step)
    let even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
    d = 1 / apart(1 + even * d)
    c = apart(1 + even / c)
    fraction *= d * c
    let odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
    d = 1 / apart(1 + odd * d)
    c = apart(1 + odd / c)
    fraction *= d * c
    if abs(d * c - 1) < 1e-15 { break }
  }
  return exp(logarithm) * fraction / a
}

private func logGamma(_ x: Double) -> Double {
  let (value, _): (Double, Int) = lgamma(x)
  return value
}
