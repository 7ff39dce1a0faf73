package import Measurement

/// What would be changed, in the order in which it would be; nothing is done by having one.
package struct Plan: Sendable, Hashable, Codable, CustomStringConvertible {
  package let steps: [Step]

  /// One knob from one value to another.
  package struct Step: Sendable, Hashable, Codable, CustomStringConvertible {
    package let knob: KnobName
    package let device: String
    package let from: KnobValue
    package let to: KnobValue
    package let disruption: Disruption
    /// What one would type for the same.
    package let commands: [String]

    package init(
      knob: KnobName, device: String, from: KnobValue, to: KnobValue, disruption: Disruption,
      commands: [String]
    ) {
      self.knob = knob
      self.device = device
      self.from = from
      self.to = to
      self.disruption = disruption
      self.commands = commands
    }

    package var description: String {
      let warning = disruption == .none ? "" : " (\(disruption.rawValue))"
      let head = "\(knob) of \(device): \(from) -> \(to)\(warning)"
      return ([head] + commands.map { "    " + $0 }).joined(separator: "\n")
    }
  }

  package init(steps: [Step]) { self.steps = steps }

  package var isEmpty: Bool { steps.isEmpty }

  /// One step a line, its commands indented below; `nothing to change` for none.
  package var description: String {
    isEmpty ? "nothing to change" : steps.map(\.description).joined(separator: "\n")
  }

  /// Plans from values alone: `current` to `wanted`, in the catalogue's order, leaving out what is
  /// right already and what `current` does not know.
  package init(
    from current: Configuration, to wanted: Configuration, on target: Target,
    knobs: [any Knob] = Catalogue.knobs
  ) {
    steps = knobs.compactMap { knob in
      guard let from = current[knob.name], let to = wanted[knob.name], from != to else {
        return nil
      }
      return Step(
        knob: knob.name, device: knob.device(on: target), from: from, to: to,
        disruption: knob.disruption, commands: knob.commands(for: to, on: target))
    }
  }
}
