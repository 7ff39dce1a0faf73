import Foundation

/// What one row of numbers says about itself. Every function takes finite or infinite numbers, no NaN.
package enum Series {
  /// The arithmetic mean; nil of nothing.
  package static func mean(_ values: [Double]) -> Double? {
    values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
  }

  /// The middle value, or the mean of the two in the middle; nil of nothing.
  package static func median(_ values: [Double]) -> Double? {
    guard !values.isEmpty else { return nil }
    let sorted = values.sorted()
    let upper = sorted[sorted.count / 2]
    guard sorted.count.isMultiple(of: 2) else { return upper }
    let lower = sorted[sorted.count / 2 - 1]
    return lower == upper ? upper : lower + (upper - lower) / 2
  }

  /// The sample standard deviation, with n − 1; nil of fewer than two values.
  package static func standardDeviation(_ values: [Double]) -> Double? {
    guard values.count >= 2, let mean = mean(values) else { return nil }
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return (squares / Double(values.count - 1)).squareRoot()
  }

  /// The lag-1 autocorrelation: how much of a deviation is left in the next value, −1…1.
  ///
  /// Near 0, neighbouring values are as good as independent. Nil of fewer than three values and of
  /// values that are all the same.
  package static func autocorrelation(_ values: [Double]) -> Double? {
    guard values.count >= 3, let mean = mean(values) else { return nil }
    let deviations = values.map { $0 - mean }
    let total = deviations.reduce(0) { $0 + $1 * $1 }
    guard total > 0 else { return nil }
    let lagged = zip(deviations, deviations.dropFirst()).reduce(0) { $0 + $1.0 * $1.1 }
    return lagged / total
  }

  /// How many independent values would say as much about the mean: n(1 − ρ) ÷ (1 + ρ).
  ///
  /// More than there are where neighbours take turns; nil where ``autocorrelation(_:)`` is.
  package static func effectiveCount(_ values: [Double]) -> Double? {
    autocorrelation(values).map { Double(values.count) * (1 - $0) / (1 + $0) }
  }

  /// How many values at the start are warming up: MSER-5 (White, 1997).
  ///
  /// Of means of five values each, so many are cut, up to one half, that the squared standard error
  /// of what is left is smallest: Σ(y − ȳ)² ÷ m². Nil if even one half is not enough: then the values
  /// do not hold still, or they are fewer than 20.
  package static func warmUp(_ values: [Double]) -> Int? {
    let batches = (0..<values.count / 5).compactMap { mean(Array(values[5 * $0..<5 * $0 + 5])) }
    guard batches.count >= 4 else { return nil }
    let half = batches.count / 2
    let errors = (0...half).map { cut in
      let rest = Array(batches[cut...])
      let (deviation, count) = (standardDeviation(rest) ?? 0, Double(rest.count))
      return deviation * deviation * (count - 1) / (count * count)
    }
    let cut = errors.firstIndex(of: errors.min() ?? 0) ?? half
    return cut < half ? 5 * cut : nil
  }
}
