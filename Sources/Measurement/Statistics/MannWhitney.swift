/// Mann and Whitney's U test: whether the values of one sample tend to lie above those of another.
///
/// For samples that have no pairs. It asks nothing of the shape of the distributions.
package struct MannWhitney: Sendable, Hashable {
  /// The most values on either side for which the distribution is counted out.
  package static let exactLimit = 20

  /// In how many of all pairs the first sample's value is the larger; a tie counts one half.
  package let statistic: Double
  /// Two-sided p of "neither tends to be larger".
  ///
  /// Exact up to ``exactLimit`` values a side without ties; else from the normal distribution,
  /// corrected for ties and for continuity.
  package let probability: Double

  /// Nil if a sample is empty.
  package init?(_ first: [Double], _ second: [Double]) {
    guard !first.isEmpty, !second.isEmpty else { return nil }
    let ties = Ranks.ties(first + second)
    var doubledSum = 0
    for tie in ties {
      let ours = tie.indices.count { $0 < first.count }
      doubledSum += ours * (2 * tie.first + tie.indices.count + 1)
    }
    let pairs = Double(first.count * second.count)
    let statistic = Double(doubledSum - first.count * (first.count + 1)) / 2
    let larger = max(statistic, pairs - statistic)
    self.statistic = statistic
    if ties.count == first.count + second.count, max(first.count, second.count) <= Self.exactLimit {
      let counts = Self.counts(first.count, second.count)
      // The distribution is symmetric, so the upper tail is as long as the lower.
      let tail = counts[...Int(pairs - larger)].reduce(0, +)
      probability = min(1, 2 * Double(tail) / Double(counts.reduce(0, +)))
    } else {
      let deviation = Self.variance(first.count, second.count, ties.map(\.indices.count))
        .squareRoot()
      guard deviation > 0 else {
        probability = 1
        return
      }
      let z = (larger - pairs / 2 - 0.5) / deviation
      probability = min(1, 2 * NormalDistribution.cumulative(-z))
    }
  }

  /// The largest c with P(U ≤ c) ≤ `tail` for samples without ties; nil if even U = 0 is likelier.
  package static func criticalValue(_ first: Int, _ second: Int, tail: Double) -> Int? {
    guard first > 0, second > 0 else { return nil }
    guard max(first, second) <= exactLimit else {
      let deviation = variance(first, second, []).squareRoot()
      let middle = Double(first * second) / 2
      let value = middle + NormalDistribution.quantile(tail) * deviation - 0.5
      return value < 0 ? nil : Int(value)
    }
    let counts = Self.counts(first, second)
    let most = tail * Double(counts.reduce(0, +))
    var cumulative = 0
    var critical: Int?
    for (value, count) in counts.enumerated() {
      cumulative += count
      if Double(cumulative) > most { break }
      critical = value
    }
    return critical
  }

  /// In how many orders of n and m different values U is the index, up to 20 of either.
  ///
  /// Grows the first sample by a value at a time: with i − 1 values going to i, the generating
  /// function is multiplied by (1 − qᵐ⁺ⁱ) ÷ (1 − qⁱ).
  static func counts(_ n: Int, _ m: Int) -> [Int] {
    var counts = [Int](repeating: 0, count: n * m + 1)
    counts[0] = 1
    for i in 1...n {
      for u in stride(from: n * m, through: m + i, by: -1) { counts[u] -= counts[u - m - i] }
      for u in i...n * m { counts[u] += counts[u - i] }
    }
    return counts
  }

  /// Of U, with so many values in each tie.
  private static func variance(_ first: Int, _ second: Int, _ ties: [Int]) -> Double {
    let (n, m) = (Double(first), Double(second))
    let tied = ties.reduce(0.0) { sum, size in
      let size = Double(size)
      return sum + (size * size * size - size)
    }
    return n * m / 12 * (n + m + 1 - tied / ((n + m) * (n + m - 1)))
  }
}
