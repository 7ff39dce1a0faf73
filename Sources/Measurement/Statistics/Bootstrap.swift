import Foundation

/// What can be said of a statistic of which no distribution is known, as a percentile or a ratio of
/// sums: drawn again and again from what was measured, with replacement.
///
/// The interval is Efron's BCa (Better bootstrap confidence intervals, 1987): percentiles of the
/// replicates, corrected for bias and for a spread that changes with the value.
package struct Bootstrap: Hashable, Sendable {
  package static let usualDraws = 4000

  /// The statistic of what was measured.
  package let estimate: Double
  /// 95 %, unless told otherwise; nil where all replicates lie on one side of the estimate.
  package let interval: ClosedRange<Double>?

  /// - Parameters:
  ///   - units: what is independent, and drawn as a whole: blocks, not slices; not packets.
  ///   - statistic: of as many units as there are, and of one less; a number.
  /// - Returns: nil of fewer than two units.
  package init?<Unit>(
    _ units: [Unit], seed: UInt64, draws: Int = usualDraws, confidence: Double = 0.95,
    statistic: ([Unit]) -> Double
  ) {
    precondition(draws > 0, "nothing follows from no draw")
    guard units.count >= 2 else { return nil }
    var generator = SeededGenerator(seed: seed)
    let replicates = (0..<draws).map { _ in
      statistic(units.map { _ in units[Int(generator.below(UInt64(units.count)))] })
    }
    let jackknife = units.indices.map { left in
      statistic(Array(units[..<left] + units[(left + 1)...]))
    }
    estimate = statistic(units)
    interval = Self.interval(
      estimate, replicates: replicates, jackknife: jackknife, confidence: confidence)
  }

  /// The BCa interval.
  ///
  /// - Parameters:
  ///   - estimate: the statistic of what was measured.
  ///   - replicates: the statistic of each draw.
  ///   - jackknife: the statistic without each unit in turn.
  package static func interval(
    _ estimate: Double, replicates: [Double], jackknife: [Double], confidence: Double = 0.95
  ) -> ClosedRange<Double>? {
    let sorted = replicates.sorted()
    let below = sorted.count { $0 < estimate }
    let notAbove = sorted.count { $0 <= estimate }
    guard notAbove > 0, below < sorted.count else { return nil }
    let bias = NormalDistribution.quantile(
      Double(below + notAbove) / Double(2 * sorted.count))
    let acceleration = Self.acceleration(jackknife)
    func level(_ z: Double) -> Double {
      let moved = bias + z
      return NormalDistribution.cumulative(bias + moved / (1 - acceleration * moved))
    }
    let z = NormalDistribution.quantile((1 - confidence) / 2)
    let ends = [level(z), level(-z)].sorted().map { percentile(sorted, $0) }
    return ends[0]...ends[1]
  }

  /// How fast the spread changes with the value, from how much each unit weighs; 0 where none does.
  private static func acceleration(_ jackknife: [Double]) -> Double {
    let mean = Series.mean(jackknife) ?? 0
    var (squares, cubes) = (0.0, 0.0)
    for value in jackknife {
      let weight = mean - value
      squares += weight * weight
      cubes += weight * weight * weight
    }
    return squares > 0 ? cubes / (6 * pow(squares, 1.5)) : 0
  }

  /// Between the values on either side, in proportion.
  private static func percentile(_ sorted: [Double], _ level: Double) -> Double {
    let place = level * Double(sorted.count - 1)
    let index = min(Int(place), sorted.count - 1)
    let next = min(index + 1, sorted.count - 1)
    return sorted[index] + (place - Double(index)) * (sorted[next] - sorted[index])
  }
}
