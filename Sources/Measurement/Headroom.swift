/// How much faster a generator is than what it measures: its rate into a sink that costs nothing,
/// over the rate that was delivered. Where it is small, it may be the generator that was measured.
package enum Headroom {
  /// Below this a throughput is not taken for the path's.
  package static let least = 1.3

  /// Why a throughput is not the path's; nil if it may be.
  ///
  /// - Parameters:
  ///   - calibrated: frames per second of the same sender into a sink that costs nothing; nil if
  ///     nobody tried, which is no objection.
  ///   - found: frames per second that the path passed.
  package static func objection(calibrated: Double?, found: Double) -> String? {
    guard let calibrated, found > 0 else { return nil }
    return calibrated / found < least ? reason : nil
  }

  package static let reason =
    "the generator itself makes less than 1.3 times as much, so it may be what was measured"

  /// The middle headroom of a side's samples; nil where none was calibrated.
  package static func median(of samples: [Sample]) -> Double? {
    Series.median(samples.compactMap { $0.metrics[.headroom] })
  }

  /// The metrics that say how much passed, and so are limited by the generator.
  package static let metrics: Set<Metric> = [.throughput, .deliveredRate]
}
