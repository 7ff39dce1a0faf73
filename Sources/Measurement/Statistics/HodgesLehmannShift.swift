/// By how much one sample lies above another: the median of the differences of all pairs, after
/// Hodges and Lehmann (1963).
package struct HodgesLehmannShift: Sendable, Hashable {
  package let estimate: Double
  /// Got by turning the Mann-Whitney test round, exact up to ``MannWhitney/exactLimit`` values a
  /// side; nil where so few values can not give that confidence.
  package let interval: ClosedRange<Double>?

  /// - Parameters:
  ///   - first: what the other is held against.
  ///   - second: of the same shape, but shifted. All differences are held in memory: meant for
  ///     hundreds of values.
  ///   - confidence: of the interval, above 0 and below 1.
  /// - Returns: nil if a sample is empty.
  package init?(from first: [Double], to second: [Double], confidence: Double = 0.95) {
    let differences = first.flatMap { value in second.map { $0 - value } }.sorted()
    guard let median = Series.median(differences) else { return nil }
    estimate = median
    let critical = MannWhitney.criticalValue(
      first.count, second.count, tail: (1 - confidence) / 2)
    interval = critical.map { differences[$0]...differences[differences.count - 1 - $0] }
  }
}
