package import Measurement

/// The commands that do by hand what a recommendation says, as whoever knows the devices wrote them.
package struct KnobCommands: Hashable, Sendable {
  package struct Commands: Hashable, Sendable {
    /// Lines for a shell, or of a definition.
    package let apply: [String]
    package let revert: [String]

    package init(apply: [String], revert: [String]) {
      self.apply = apply
      self.revert = revert
    }
  }

  /// Where lines are to be typed.
  package enum Place: Hashable, Sendable, CaseIterable {
    /// In a shell of this host.
    case host
    /// In a shell of the guest.
    case guest
    /// In the guest's definition, for its next start.
    case definition
  }

  private var lines: [Place: [KnobName: Commands]]

  package init(_ byKnob: [KnobName: Commands] = [:]) { lines = [.host: byKnob] }

  package static let none = KnobCommands()

  package mutating func add(_ commands: Commands, for knob: KnobName, at place: Place) {
    lines[place, default: [:]][knob] = commands
  }

  /// All lines of one place that make the change, in the order of the knobs given.
  package func apply(_ knobs: [KnobName], at place: Place) -> [String] {
    knobs.flatMap { lines[place]?[$0]?.apply ?? [] }
  }

  package func revert(_ knobs: [KnobName], at place: Place) -> [String] {
    knobs.flatMap { lines[place]?[$0]?.revert ?? [] }
  }
}
