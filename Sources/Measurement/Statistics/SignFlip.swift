/// The exact permutation test of a mean: all that can come of giving every value either sign.
///
/// If the values lie symmetrically about 0, each pattern of signs is as likely as another, so p is
/// the share of the 2ⁿ patterns whose mean is as far out (Fisher, 1935). No distribution is assumed.
package struct SignFlip: Sendable, Hashable {
  /// The most values that are taken.
  package static let mostValues = 20

  /// Of "the values lie symmetrically about 0", two-sided.
  package let probability: Double
  /// One-sided: small if the mean is surely above 0.
  package let upperProbability: Double
  /// One-sided: small if the mean is surely below 0.
  package let lowerProbability: Double

  /// Nil of nothing, and of more than ``mostValues``.
  package init?(_ values: [Double]) {
    guard !values.isEmpty, values.count <= Self.mostValues else { return nil }
    let middle = values.count / 2
    let left = Self.sums(values[..<middle])
    let right = Self.sums(values[middle...])
    let observed = values.reduce(0, +)
    // Patterns of the same sum differ by rounding, as their values are added in another order.
    let rounding = 1e-14 * values.reduce(0) { $0 + abs($1) }
    let patterns = Double(left.count * right.count)
    upperProbability = Double(Self.pairs(left, right, from: observed - rounding)) / patterns
    lowerProbability = Double(Self.pairs(left, right, from: -observed - rounding)) / patterns
    probability = min(1, 2 * min(upperProbability, lowerProbability))
  }

  /// The sums of every pattern of signs, the smallest first.
  private static func sums(_ values: ArraySlice<Double>) -> [Double] {
    values.reduce(into: [0.0]) { sums, value in
      sums = sums.map { $0 + value } + sums.map { $0 - value }
    }.sorted()
  }

  /// How many patterns have a sum of at least `least`: one of the left and one of the right each.
  /// The sums lie symmetrically about 0, so as many are at most −`least`.
  private static func pairs(_ left: [Double], _ right: [Double], from least: Double) -> Int {
    var count = 0
    var first = right.count
    for sum in left {
      while first > 0, sum + right[first - 1] >= least { first -= 1 }
      count += right.count - first
    }
    return count
  }
}
