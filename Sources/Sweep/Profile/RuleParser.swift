import Measurement

/// What may not stand together: `forbid` and `only-if` of a profile's `search`.
extension YAMLReader {
  /// `[{mtu: 9000, ring.rx: 256}]`: configurations that have all of these values are not tried.
  func forbiddenRules() throws(ProfileError) -> [RuleRequest] {
    var rules: [RuleRequest] = []
    for entry in try list("forbid") {
      var values: [KnobName: KnobRequest.Item] = [:]
      for (key, value) in try entry.entries("an entry of forbid") {
        let knob = KnobName(rawValue: try key.text("a knob's name"))
        values[knob] = try value.knobItem(knob)
      }
      guard values.count > 1 else {
        throw entry.error(
          "an entry of forbid names the values of two knobs or more; a single value is left out "
            + "under knobs")
      }
      rules.append(RuleRequest(kind: .forbidden(values), line: entry.node.mark?.line ?? 0))
    }
    return rules
  }

  /// `{coalesce.rx-usecs: {coalesce.adaptive-rx: off}}`: the first knob is left as it was found
  /// unless the second has that value, or one of those.
  func conditionalRules() throws(ProfileError) -> [RuleRequest] {
    var rules: [RuleRequest] = []
    for (key, condition) in try entries("only-if") {
      let knob = KnobName(rawValue: try key.text("a knob's name"))
      for (name, values) in try condition.entries("a condition") {
        let other = KnobName(rawValue: try name.text("a knob's name"))
        var allowed: [KnobRequest.Item] = []
        if (try? values.text("a knob's value")) != nil {
          allowed = [try values.knobItem(other)]
        } else {
          for value in try values.list("a condition's values") {
            allowed.append(try value.knobItem(other))
          }
        }
        rules.append(
          RuleRequest(kind: .onlyIf(knob, other, allowed), line: name.node.mark?.line ?? 0))
      }
    }
    return rules
  }
}
