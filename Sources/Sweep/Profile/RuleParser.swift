import Measurement
import Optimiser

/// What may not stand together: `forbid` and `only-if` of a profile's `search`.
extension YAMLReader {
  /// `[{mtu: 9000, ring.rx: 256}]`: configurations that have all of these values are not tried.
  func forbiddenRules() throws(ProfileError) -> [SearchSpace.Rule] {
    var rules: [SearchSpace.Rule] = []
    for entry in try list("forbid") {
      var values: [KnobName: KnobValue] = [:]
      for (key, value) in try entry.entries("an entry of forbid") {
        values[KnobName(rawValue: try key.text("a knob's name"))] = KnobValue(
          try value.text("a knob's value"))
      }
      guard values.count > 1 else {
        throw entry.error(
          "an entry of forbid names the values of two knobs or more; a single value is left out "
            + "under knobs")
      }
      rules.append(.forbidden(values))
    }
    return rules
  }

  /// `{coalesce.rx-usecs: {coalesce.adaptive-rx: off}}`: the first knob is left as it was found
  /// unless the second has that value, or one of those.
  func conditionalRules() throws(ProfileError) -> [SearchSpace.Rule] {
    var rules: [SearchSpace.Rule] = []
    for (key, condition) in try entries("only-if") {
      let knob = KnobName(rawValue: try key.text("a knob's name"))
      for (other, values) in try condition.entries("a condition") {
        var allowed: [KnobValue] = []
        if let single = try? values.text("a knob's value") {
          allowed = [KnobValue(single)]
        } else {
          for value in try values.list("a condition's values") {
            allowed.append(KnobValue(try value.text("a knob's value")))
          }
        }
        rules.append(.onlyIf(knob, KnobName(rawValue: try other.text("a knob's name")), allowed))
      }
    }
    return rules
  }
}
