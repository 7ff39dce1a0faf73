package import Measurement

/// The values that a sweep may give to each knob.
///
/// The word `default` is a value too: the knob is left as the target was found.
package struct SearchSpace: Hashable, Sendable {
  package struct Dimension: Hashable, Sendable {
    package let knob: KnobName
    /// In the order in which they are tried; at least one, no value twice.
    package let values: [KnobValue]

    package init(knob: KnobName, values: [KnobValue]) {
      self.knob = knob
      self.values = values
    }
  }

  /// The value that leaves a knob as it was found.
  package static let untouched = KnobValue.word("default")
  /// The most configurations that a space may have.
  package static let limit = 1 << 53

  package let dimensions: [Dimension]
  /// The number of configurations, the baseline counted if it is one of them; at most ``limit``.
  package let count: Int

  /// Throws for a knob that is there twice, without values or with a value twice, and for a space
  /// that is too large.
  package init(_ dimensions: [Dimension]) throws(SearchSpaceError) {
    var knobs: Set<KnobName> = []
    var count = 1
    for dimension in dimensions {
      guard knobs.insert(dimension.knob).inserted else {
        throw SearchSpaceError("the knob \(dimension.knob) is there twice")
      }
      guard !dimension.values.isEmpty else {
        throw SearchSpaceError("the knob \(dimension.knob) has no values")
      }
      var values: Set<KnobValue> = []
      for value in dimension.values where !values.insert(value).inserted {
        throw SearchSpaceError("the knob \(dimension.knob) has the value \(value) twice")
      }
      guard count <= Self.limit / dimension.values.count else {
        throw SearchSpaceError("more than \(Self.limit) configurations: give fewer values")
      }
      count *= dimension.values.count
    }
    self.dimensions = dimensions
    self.count = count
  }

  /// The space in which a value that the target has already is `default`: the same settings are not
  /// measured twice under two names.
  package func normalised(originals: Configuration) -> SearchSpace {
    let normal = dimensions.map { dimension in
      var seen: Set<KnobValue> = []
      let values = dimension.values
        .map { $0 == originals[dimension.knob] ? Self.untouched : $0 }
        .filter { seen.insert($0).inserted }
      return Dimension(knob: dimension.knob, values: values)
    }
    return SearchSpace(normal, count: normal.reduce(1) { $0 * $1.values.count })
  }

  private init(_ dimensions: [Dimension], count: Int) {
    self.dimensions = dimensions
    self.count = count
  }

  /// The configuration with that number, 0 up to ``count``; the last knob turns fastest.
  package subscript(_ index: Int) -> Configuration {
    var rest = index
    var configuration = Configuration()
    for dimension in dimensions.reversed() {
      let (quotient, digit) = rest.quotientAndRemainder(dividingBy: dimension.values.count)
      rest = quotient
      let value = dimension.values[digit]
      if value != Self.untouched { configuration.values[dimension.knob] = value }
    }
    return configuration
  }

  /// The number of the baseline, or nil if some knob may not be left as it was found.
  var baselineIndex: Int? {
    var index = 0
    for dimension in dimensions {
      guard let digit = dimension.values.firstIndex(of: Self.untouched) else { return nil }
      index = index * dimension.values.count + digit
    }
    return index
  }
}

/// Why knobs and values are no search space.
package struct SearchSpaceError: Error, Hashable, Sendable, CustomStringConvertible {
  package let description: String
  package init(_ description: String) { self.description = description }
}
