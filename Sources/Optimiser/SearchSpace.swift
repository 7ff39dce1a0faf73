package import Measurement

/// The values that a sweep may give to each knob.
///
/// The word `default` is a value too: the knob is left as the target was found.
package struct SearchSpace: Hashable, Sendable {
  package struct Dimension: Hashable, Sendable {
    package let knob: KnobName
    /// In the order in which they are tried; at least one, no value twice.
    package let values: [KnobValue]
    /// What `default` stands for, where that is known: its place among the numbers.
    package let original: KnobValue?
    /// How long a change of the knob takes, seconds: nothing for a sysctl, a second or two where
    /// the link goes down, more where a guest starts anew.
    package let switchSeconds: Double

    package init(
      knob: KnobName, values: [KnobValue], original: KnobValue? = nil, switchSeconds: Double = 0
    ) {
      self.knob = knob
      self.values = values
      self.original = original
      self.switchSeconds = switchSeconds
    }
  }

  /// What may not stand together.
  package enum Rule: Hashable, Sendable {
    /// No configuration has all of these values; `default` is a value too.
    case forbidden([KnobName: KnobValue])
    /// The knob is left as it was found unless another one has one of these values.
    case onlyIf(KnobName, KnobName, [KnobValue])
  }

  /// The value that leaves a knob as it was found.
  package static let untouched = KnobValue.word("default")
  /// The most configurations that a space may have.
  package static let limit = 1 << 53

  package let dimensions: [Dimension]
  package let rules: [Rule]
  /// The only points that there are, sorted; nil if only ``rules`` exclude any.
  let listed: [[Int]]?
  /// The number of combinations, the baseline counted if it is one of them; at most ``limit``.
  /// Those that a rule excludes are counted too.
  package let count: Int

  /// - Parameters:
  ///   - dimensions: the knobs with their values.
  ///   - rules: what they exclude is not in the space.
  ///   - listed: if not nil, no other configurations are in the space: a recorded table.
  /// - Throws: for a knob that is there twice, without values or with a value twice, for a rule
  ///   about a knob that is not there, and for a space that is too large.
  package init(
    _ dimensions: [Dimension], rules: [Rule] = [], listed: [Configuration]? = nil
  ) throws(SearchSpaceError) {
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
    for rule in rules {
      if let name = rule.knobs.first(where: { !knobs.contains($0) }) {
        throw SearchSpaceError("a rule is about \(name), which is not a knob of the space")
      }
    }
    let open = SearchSpace(dimensions, rules, nil, count: count)
    self.init(
      dimensions, rules,
      listed.map { $0.compactMap(open.point(of:)).sorted { $0.lexicographicallyPrecedes($1) } },
      count: count)
  }

  /// The space in which a value that the target has already is `default`: the same settings are not
  /// measured twice under two names.
  package func normalised(originals: Configuration) -> SearchSpace {
    let normal = dimensions.map { dimension in
      var seen: Set<KnobValue> = []
      let values = dimension.values
        .map { $0 == originals[dimension.knob] ? Self.untouched : $0 }
        .filter { seen.insert($0).inserted }
      return Dimension(
        knob: dimension.knob, values: values, original: originals[dimension.knob],
        switchSeconds: dimension.switchSeconds)
    }
    return SearchSpace(
      normal, rules.map { $0.normalised(originals: originals) }, listed,
      count: normal.reduce(1) { $0 * $1.values.count })
  }

  private init(_ dimensions: [Dimension], _ rules: [Rule], _ listed: [[Int]]?, count: Int) {
    self.dimensions = dimensions
    self.rules = rules
    self.listed = listed
    self.count = count
  }
}

extension SearchSpace.Rule {
  /// The knobs that it is about.
  package var knobs: [KnobName] {
    switch self {
    case .forbidden(let values): values.keys.sorted()
    case .onlyIf(let knob, let other, _): [knob, other]
    }
  }

  func allows(_ configuration: Configuration) -> Bool {
    func value(_ name: KnobName) -> KnobValue { configuration[name] ?? SearchSpace.untouched }
    switch self {
    case .forbidden(let values): return !values.allSatisfy { value($0.key) == $0.value }
    case .onlyIf(let knob, let other, let values):
      return value(knob) == SearchSpace.untouched || values.contains(value(other))
    }
  }

  /// The rule about a space in which a value that the target has already is `default`.
  fileprivate func normalised(originals: Configuration) -> Self {
    func normal(_ name: KnobName, _ value: KnobValue) -> KnobValue {
      value == originals[name] ? SearchSpace.untouched : value
    }
    switch self {
    case .forbidden(let values):
      return .forbidden(Dictionary(uniqueKeysWithValues: values.map { ($0, normal($0, $1)) }))
    case .onlyIf(let knob, let other, let values):
      return .onlyIf(knob, other, values.map { normal(other, $0) })
    }
  }
}

/// Why knobs and values are no search space.
package struct SearchSpaceError: Error, Hashable, Sendable, CustomStringConvertible {
  package let description: String
  package init(_ description: String) { self.description = description }
}
