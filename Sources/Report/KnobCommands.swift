package import Measurement

/// The commands that do by hand what a recommendation says, as whoever knows the devices wrote them.
package struct KnobCommands: Hashable, Sendable {
  package struct Commands: Hashable, Sendable {
    /// Lines for a shell.
    package let apply: [String]
    package let revert: [String]

    package init(apply: [String], revert: [String]) {
      self.apply = apply
      self.revert = revert
    }
  }

  package let byKnob: [KnobName: Commands]

  package init(_ byKnob: [KnobName: Commands] = [:]) { self.byKnob = byKnob }

  package static let none = KnobCommands()

  /// All lines that make the change, in the order of the knobs given.
  package func apply(_ knobs: [KnobName]) -> [String] {
    knobs.flatMap { byKnob[$0]?.apply ?? [] }
  }

  package func revert(_ knobs: [KnobName]) -> [String] {
    knobs.flatMap { byKnob[$0]?.revert ?? [] }
  }
}
