package import Measurement

/// What may not stand together, as a profile says it, before the device has said what `min` and
/// `max` are.
package struct RuleRequest: Hashable, Sendable {
  package let kind: Kind
  /// The line of the profile, for errors that only the device can raise.
  package let line: Int

  package enum Kind: Hashable, Sendable {
    /// No configuration has all of these values.
    case forbidden([KnobName: KnobRequest.Item])
    /// The first knob is left as it was found unless the second has one of these values.
    case onlyIf(KnobName, KnobName, [KnobRequest.Item])
  }

  /// The knobs that it is about.
  package var knobs: [KnobName] {
    switch kind {
    case .forbidden(let values): values.keys.sorted()
    case .onlyIf(let knob, let other, _): [knob, other]
    }
  }

  /// Every value that it names.
  var items: [(knob: KnobName, item: KnobRequest.Item)] {
    switch kind {
    case .forbidden(let values): values.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    case .onlyIf(_, let other, let items): items.map { (other, $0) }
    }
  }
}
