import Foundation
package import Measurement

/// What many rehearsals of one strategy on one table come to.
package struct RehearsalSummary: Codable, Hashable, Sendable {
  /// Of one value over all seeds: for a regret the 10th percentile is the one that nine of ten
  /// seeds keep below.
  package struct Spread: Codable, Hashable, Sendable {
    package let mean: Double
    /// The tenth of the seeds with the worst values begins here.
    package let tenthPercentile: Double
    package let worst: Double

    /// - Parameter isLoss: whether more is worse.
    init(_ values: [Double], isLoss: Bool) {
      let fromWorst = isLoss ? values.sorted(by: >) : values.sorted()
      mean = Series.mean(values) ?? 0
      tenthPercentile = fromWorst.isEmpty ? 0 : fromWorst[fromWorst.count / 10]
      worst = fromWorst.first ?? 0
    }
  }

  /// What would have been named the best after so many measurements.
  package struct Waypoint: Codable, Hashable, Sendable {
    package let measurements: Int
    /// The mean over the seeds.
    package let seconds: Double
    /// How much of the best value would have been missed: 0.02 is 2 %.
    package let regret: Spread
  }

  package struct Seed: Codable, Hashable, Sendable {
    package let seed: UInt64
    /// With the values of all knobs.
    package let recommended: Configuration
    /// Only those that the recommendation changes; empty for "change nothing".
    package let changed: Configuration
    /// The true value ÷ the default's.
    package let ratio: Double
    package let value: Double
    package let regret: Double
    /// Of the contender's ratio to the default, 95 %; nil if there is none.
    package let interval: Interval?
    package let isCovered: Bool?
  }

  package let strategy: String
  package let budget: Int
  package let noise: Double
  package let drift: Double
  package let effect: Double
  package let rows: Int
  package let defaultValue: Double
  package let bestValue: Double
  package let best: Configuration
  /// The true value of what is recommended.
  package let value: Spread
  package let regret: Spread
  package let course: [Waypoint]
  /// How often something was recommended at all.
  package let changedShare: Double
  /// How often what was recommended is worse than the default by more than the effect.
  package let worseThanDefault: Int
  /// How often the interval held the truth; nil if there was none.
  package let coverage: Double?
  package let seeds: [Seed]

  /// - Parameter results: by seed, at least one.
  package init(
    _ results: [(seed: UInt64, result: RehearsalResult)], on table: RecordedTable,
    _ strategy: Strategy.Kind, _ conditions: Rehearsal.Conditions
  ) {
    let origin = table.values[.baseline] ?? 1
    self.strategy = strategy.rawValue
    budget = conditions.budget
    noise = conditions.noise
    drift = conditions.drift
    effect = conditions.margin
    rows = table.values.count
    defaultValue = origin
    best = table.complete(table.best)
    bestValue = table.values[table.best] ?? origin
    seeds = results.map { seed, result in
      Seed(seed, result, table)
    }
    value = Spread(seeds.map(\.value), isLoss: table.goal == .minimise)
    regret = Spread(seeds.map(\.regret), isLoss: true)
    course = Self.course(results.map(\.result))
    changedShare = Double(seeds.count { !$0.changed.isBaseline }) / Double(max(1, seeds.count))
    worseThanDefault = results.count { $0.result.trueGain < -log1p(conditions.margin) }
    let covered = seeds.compactMap(\.isCovered)
    coverage =
      covered.isEmpty ? nil : Double(covered.count { $0 }) / Double(covered.count)
  }

  private static func course(_ results: [RehearsalResult]) -> [Waypoint] {
    let shortest = results.map(\.course.count).min() ?? 0
    return (0..<shortest).map { place in
      let points = results.map { ($0.course[place], $0.bestGain) }
      return Waypoint(
        measurements: points.first?.0.measurements ?? 0,
        seconds: Series.mean(points.map(\.0.seconds)) ?? 0,
        regret: Spread(points.map { 1 - exp($0.0.trueGain - $0.1) }, isLoss: true))
    }
  }
}

extension RehearsalSummary.Seed {
  fileprivate init(_ seed: UInt64, _ result: RehearsalResult, _ table: RecordedTable) {
    self.seed = seed
    recommended = table.complete(result.recommended)
    changed = result.recommended
    value = table.values[result.recommended] ?? 0
    ratio = value / (table.values[.baseline] ?? 1)
    regret = result.regret
    let isMore = table.goal == .maximise
    interval = result.interval.map {
      isMore
        ? Interval(lower: exp($0.lower), upper: exp($0.upper))
        : Interval(lower: exp(-$0.upper), upper: exp(-$0.lower))
    }
    isCovered = result.isCovered
  }
}
