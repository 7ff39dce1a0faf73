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
}
