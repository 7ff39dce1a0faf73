import Histogram

/// Times in nanoseconds by how often they came, to three digits, without allocation while they
/// are recorded.
package struct TimeHistogram: Sendable {
  private var counts: Histogram<UInt64>

  /// What is longer counts as this long: 100 s.
  package static let longest: UInt64 = 100_000_000_000

  package init() {
    counts = Histogram(
      highestTrackableValue: Self.longest, numberOfSignificantValueDigits: .three)
  }

  package var count: UInt64 { counts.totalCount }

  package mutating func record(_ nanoseconds: UInt64) {
    counts.record(min(nanoseconds, Self.longest))
  }

  package mutating func add(_ other: TimeHistogram) { counts.add(other.counts) }
  package mutating func reset() { counts.reset() }

  /// Microseconds that `percent` of all times do not exceed; nil of nothing.
  package func microseconds(atPercentile percent: Double) -> Double? {
    count == 0 ? nil : Double(counts.valueAtPercentile(percent)) / 1000
  }
}
