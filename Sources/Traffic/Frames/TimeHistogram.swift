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

  mutating func record(_ nanoseconds: UInt64, count: UInt64) {
    counts.record(min(nanoseconds, Self.longest), count: count)
  }

  /// The times that came, ascending, nanoseconds to three digits.
  package var times: [(nanoseconds: UInt64, count: UInt64)] {
    counts.recordedValues().map { ($0.value, $0.count) }
  }

  package mutating func add(_ other: TimeHistogram) { counts.add(other.counts) }
  package mutating func reset() { counts.reset() }

  /// Microseconds that `percent` of all times do not exceed; nil of nothing.
  package func microseconds(atPercentile percent: Double) -> Double? {
    count == 0 ? nil : Double(counts.valueAtPercentile(percent)) / 1000
  }
}

/// As pairs of a time and how often it came, in turn.
extension TimeHistogram: Codable {
  /// What no measurement reaches: more times than a thousand seconds at 100 million a second.
  private static let mostTimes: UInt64 = 100_000_000_000

  package init(from decoder: any Decoder) throws {
    self.init()
    var pairs = try decoder.unkeyedContainer()
    while !pairs.isAtEnd {
      let time = try pairs.decode(UInt64.self)
      let often = try pairs.decode(UInt64.self)
      guard often <= Self.mostTimes, count + often <= Self.mostTimes else {
        throw DecodingError.dataCorruptedError(
          in: pairs, debugDescription: "more times than can be measured")
      }
      record(time, count: often)
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var pairs = encoder.unkeyedContainer()
    for value in counts.recordedValues() {
      try pairs.encode(value.value)
      try pairs.encode(value.count)
    }
  }
}
