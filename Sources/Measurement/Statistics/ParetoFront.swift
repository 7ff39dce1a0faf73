/// Points with several values each, more being better in all of them: which are worth a choice.
///
/// A point *dominates* another if it is as good in every value and better in one. The *front* are
/// the points that none dominates.
package enum ParetoFront {
  package static let usualDraws = 1000

  package static func dominates(_ point: [Double], _ other: [Double]) -> Bool {
    var isBetter = false
    for (value, against) in zip(point, other) {
      if value < against { return false }
      if value > against { isBetter = true }
    }
    return isBetter
  }

  /// The places of the points that none dominates, in their order.
  package static func members(of points: [[Double]]) -> [Int] {
    points.indices.filter { place in !points.contains { dominates($0, points[place]) } }
  }

  /// How probable it is that a point is on the front of the true means, by the bootstrap: the share
  /// of draws in which it is.
  ///
  /// The replicates of each point are drawn with replacement, all values of a replicate at once, so
  /// that what they have in common stays. Deviations from the mean are stretched by √(n ÷ (n − 1)):
  /// the means of draws then spread as much as the standard error says, also where n is small.
  ///
  /// - Parameters:
  ///   - points: by point the replicates, by replicate the values. One replicate is taken for exact.
  ///   - draws: above 0.
  package static func probabilities(
    _ points: [[[Double]]], seed: UInt64, draws: Int = usualDraws
  ) -> [Double] {
    precondition(draws > 0, "nothing follows from no draw")
    var generator = SeededGenerator(seed: seed)
    let means = points.map(mean)
    var counts = [Int](repeating: 0, count: points.count)
    for _ in 0..<draws {
      let drawn = points.indices.map { draw(points[$0], about: means[$0], &generator) }
      for place in members(of: drawn) { counts[place] += 1 }
    }
    return counts.map { Double($0) / Double(draws) }
  }

  /// The mean of each value; empty of nothing.
  package static func mean(_ replicates: [[Double]]) -> [Double] {
    guard var sum = replicates.first else { return [] }
    for replicate in replicates.dropFirst() {
      for place in sum.indices { sum[place] += replicate[place] }
    }
    return sum.map { $0 / Double(replicates.count) }
  }

  private static func draw(
    _ replicates: [[Double]], about mean: [Double], _ generator: inout SeededGenerator
  ) -> [Double] {
    let count = replicates.count
    guard count > 1 else { return mean }
    var sum = [Double](repeating: 0, count: mean.count)
    for _ in 0..<count {
      let replicate = replicates[Int(generator.below(UInt64(count)))]
      for place in sum.indices { sum[place] += replicate[place] }
    }
    let stretch = (Double(count) / Double(count - 1)).squareRoot()
    return zip(sum, mean).map { $1 + stretch * ($0 / Double(count) - $1) }
  }

  /// Where a front bends most: the point that is farthest, on the better side, from the chord
  /// between its ends; of three values from the plane through its three corners.
  ///
  /// Each value is scaled to the range that it has on the front, 0 being the worst and 1 the best.
  /// An end is then best in one value and worst in the others, and the distance from the chord is,
  /// but for constants, the sum of the scaled values. A range below `least` counts as `least`, so
  /// that a difference of no account is no price.
  ///
  /// One or two points have no bend: then, and among equals, it is the point with the largest sum of
  /// values as they are; if that too is the same, the first.
  ///
  /// - Returns: nil of no points.
  package static func knee(of front: [[Double]], least: Double) -> Int? {
    guard let first = front.first else { return nil }
    let ranges = first.indices.map { value in
      let values = front.map { $0[value] }
      let worst = values.min() ?? 0
      return (worst: worst, size: max(least, (values.max() ?? 0) - worst))
    }
    func height(_ point: [Double]) -> Double {
      zip(point, ranges).reduce(0) { sum, pair in
        let (value, range) = pair
        return range.size > 0 ? sum + (value - range.worst) / range.size : sum
      }
    }
    func rank(_ place: Int) -> (Double, Double, Int) {
      (front.count > 2 ? height(front[place]) : 0, front[place].reduce(0, +), -place)
    }
    return front.indices.max { rank($0) < rank($1) }
  }
}
