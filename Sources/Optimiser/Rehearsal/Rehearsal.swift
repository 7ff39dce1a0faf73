import Foundation
package import Measurement

/// A search on a recorded table: what a strategy would have recommended, had it been there, and
/// what that is truly worth.
///
/// Unlike a sweep on twin labs it has one target, measured one configuration at a time. So the
/// default is measured in between again and again, and every measurement costs.
package struct Rehearsal: Sendable {
  package struct Conditions: Hashable, Sendable {
    /// Measurements in all, the default's too.
    package var budget: Int
    /// The standard deviation of the logarithm of a measurement.
    package var noise: Double
    /// Whether noise has heavy tails: Student's t with three degrees of freedom, of the same
    /// deviation.
    package var hasHeavyTails: Bool
    /// The standard deviation of the step that the machine's level takes between two measurements.
    package var drift: Double
    /// The smallest effect that is worth a change, as a share.
    package var margin: Double
    /// Seconds of a measurement, without the change of settings before it.
    package var seconds: Double

    package init(
      budget: Int, noise: Double, hasHeavyTails: Bool = false, drift: Double = 0,
      margin: Double = 0.02, seconds: Double = 1
    ) {
      self.budget = budget
      self.noise = noise
      self.hasHeavyTails = hasHeavyTails
      self.drift = drift
      self.margin = margin
      self.seconds = seconds
    }
  }

  let table: RecordedTable
  let strategy: Strategy.Kind
  let conditions: Conditions
  let seed: UInt64

  /// - Parameter seed: of the strategy and of the noise.
  package init(
    on table: RecordedTable, _ strategy: Strategy.Kind, _ conditions: Conditions, seed: UInt64
  ) {
    self.table = table
    self.strategy = strategy
    self.conditions = conditions
    self.seed = seed
  }

  /// Searches, proves, recommends.
  package func run() throws(SearchSpaceError) -> RehearsalResult {
    var bench = TableBench(table, conditions, seed: seed)
    let analyst = try Analyst(table.space, strategy, conditions, seed: seed)
    while let next = analyst.next(after: bench.observations) { bench.measure(next) }
    let contender = analyst.contender(after: bench.observations)
    let gain = analyst.gain(of: contender, after: bench.observations)
    let recommended = gain.map(analyst.isProven) == true ? contender : .baseline
    return RehearsalResult(
      recommended: recommended, contender: contender, interval: gain.map(\.interval),
      trueGain: table.gain(recommended) ?? 0, contenderGain: table.gain(contender) ?? 0,
      bestGain: table.gain(table.best) ?? 0, course: course(bench, analyst),
      measurements: bench.observations.count)
  }
}

extension Rehearsal {
  private static let waypointInterval = 10

  /// What the search would have named at every tenth measurement.
  private func course(_ bench: TableBench, _ analyst: Analyst) -> [RehearsalResult.Waypoint] {
    stride(
      from: Self.waypointInterval, through: bench.observations.count, by: Self.waypointInterval
    )
    .map { count in
      let named = analyst.contender(after: Array(bench.observations[..<count]))
      return RehearsalResult.Waypoint(
        measurements: count, seconds: bench.moments[count - 1], trueGain: table.gain(named) ?? 0)
    }
  }
}

/// What came of one ``Rehearsal``. All gains are logarithms of ratios to the default, more is
/// better.
package struct RehearsalResult: Hashable, Sendable {
  package let recommended: Configuration
  /// What was named the best, whether it was proven or not.
  package let contender: Configuration
  /// Of the contender's gain, 95 %; nil if there is none.
  package let interval: Interval?
  package let trueGain: Double
  package let contenderGain: Double
  package let bestGain: Double
  /// What would have been called the best on the way.
  package let course: [Waypoint]
  package let measurements: Int

  package struct Waypoint: Hashable, Sendable {
    package let measurements: Int
    package let seconds: Double
    package let trueGain: Double
  }

  /// How much of the best value is missed: 0.02 is 2 %.
  package var regret: Double { 1 - exp(trueGain - bestGain) }

  /// Whether the interval holds the truth; nil if there is no interval.
  package var isCovered: Bool? {
    interval.map { $0.lower <= contenderGain && contenderGain <= $0.upper }
  }
}

/// Measures by looking up, with noise and drift.
struct TableBench {
  private let table: RecordedTable
  private let conditions: Rehearsal.Conditions
  private var random: SeededGenerator
  private var level = 0.0
  /// When each measurement was done, seconds.
  private(set) var moments: [Double] = []
  private var last: Configuration?
  private(set) var observations: [SearchObservation] = []

  init(_ table: RecordedTable, _ conditions: Rehearsal.Conditions, seed: UInt64) {
    self.table = table
    self.conditions = conditions
    random = SeededGenerator(seed: seed &* 0xD134_2543_DE82_EF95 &+ 1)
  }

  mutating func measure(_ configuration: Configuration) {
    level += conditions.drift * random.normal()
    let value = (table.gain(configuration) ?? 0) + level + conditions.noise * deviation()
    let point = table.space.point(of: configuration) ?? []
    let switching = table.space.switchSeconds(from: last, to: point)
    moments.append((moments.last ?? 0) + switching + conditions.seconds)
    last = configuration
    observations.append(
      SearchObservation(
        configuration: configuration, value: value, time: Double(observations.count)))
  }

  private mutating func deviation() -> Double {
    guard conditions.hasHeavyTails else { return random.normal() }
    // Student's t with 3 degrees of freedom has the variance 3.
    let square = (0..<3).reduce(0.0) { sum, _ in
      let part = random.normal()
      return sum + part * part
    }
    return random.normal() / (square / 3).squareRoot() / 3.0.squareRoot()
  }
}
