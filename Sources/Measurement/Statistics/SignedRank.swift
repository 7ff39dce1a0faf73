import Foundation

/// Wilcoxon's signed-rank statistic: the sum of the ranks of |d| over the positive d.
///
/// If the differences are as likely to be above as below 0, each rank has either sign with
/// probability one half, so the distribution is that of a random subset's sum: exact, ties or not.
package enum SignedRank {
  /// The most values for which the distribution is counted out; above, it is as good as normal.
  package static let exactLimit = 200

  /// The two-sided p of "the differences lie symmetrically about 0". Differences of 0 say nothing
  /// and are left out; 1 if nothing is left.
  package static func probability(_ differences: [Double]) -> Double {
    let counted = differences.filter { $0 != 0 }
    guard !counted.isEmpty else { return 1 }
    let ranks = Ranks.doubled(counted.map(abs))
    let statistic = zip(counted, ranks).reduce(0) { $1.0 > 0 ? $0 + $1.1 : $0 }
    let total = ranks.reduce(0, +)
    let lower = min(statistic, total - statistic)
    guard counted.count <= exactLimit else {
      let deviation = (ranks.reduce(0.0) { $0 + Double($1) * Double($1) } / 4).squareRoot()
      let z = (Double(total) / 2 - Double(lower) - 1) / deviation
      return min(1, 2 * NormalDistribution.cumulative(-z))
    }
    let below = distribution(of: ranks)[...lower].reduce(0, +)
    return min(1, 2 * below)
  }

  /// The largest c with P(W ≤ c) ≤ `tail` for `count` values without ties; nil if even W = 0 is
  /// likelier than that.
  package static func criticalValue(count: Int, tail: Double) -> Int? {
    guard count > 0 else { return nil }
    guard count <= exactLimit else {
      let n = Double(count)
      let deviation = (n * (n + 1) * (2 * n + 1) / 24).squareRoot()
      let value = n * (n + 1) / 4 + NormalDistribution.quantile(tail) * deviation - 0.5
      return value < 0 ? nil : Int(value)
    }
    var cumulative = 0.0
    var critical: Int?
    for (value, probability) in distribution(of: Array(1...count)).enumerated() {
      cumulative += probability
      if cumulative > tail { break }
      critical = value
    }
    return critical
  }

  /// P(sum of a random subset of `ranks` = index), each rank in it with probability one half.
  static func distribution(of ranks: [Int]) -> [Double] {
    var probabilities = [Double](repeating: 0, count: ranks.reduce(0, +) + 1)
    probabilities[0] = 1
    var reached = 0
    for rank in ranks {
      reached += rank
      for sum in stride(from: reached, through: 0, by: -1) {
        let without = probabilities[sum]
        let with = sum >= rank ? probabilities[sum - rank] : 0
        probabilities[sum] = (without + with) / 2
      }
    }
    return probabilities
  }
}
