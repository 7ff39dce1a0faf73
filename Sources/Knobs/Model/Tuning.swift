package import Measurement

/// One side of a comparison as something whose knobs can be set: this machine's devices by a
/// ``Tuner``, or those of a machine that is asked.
package protocol Tuning: Sendable {
  /// Whether each knob is there, and the values it takes.
  ///
  /// - Throws: ``UnknownKnob``; ``KnobError`` if the kernel does not say.
  func availability(of names: [KnobName]) throws -> [KnobName: Availability]

  /// What ``apply(_:)`` would do now. Reads, and changes nothing.
  ///
  /// What an early step makes of a later knob is not foreseen.
  /// - Throws: ``UnknownKnob``, ``KnobError`` for an absent knob or a value outside its domain.
  func plan(_ configuration: Configuration) throws -> Plan

  /// Makes it so. A knob that is not named goes back to how it was found.
  ///
  /// - Returns: what the kernel says afterwards of the knobs that the configuration names.
  /// - Throws: as ``plan(_:)`` before anything is written; ``KnobError`` with the kernel's words if
  ///   a write fails: what was written before it stays until the next apply or ``restore()``.
  @discardableResult
  func apply(_ configuration: Configuration) throws -> Configuration

  /// What the kernel says now of some knobs. Absent ones are left out.
  func read(_ names: [KnobName]) throws -> Configuration

  /// Puts back everything that was touched and verifies it; tries all of it whatever fails.
  ///
  /// - Throws: only where a machine that is asked does not answer.
  func restore() throws -> Restoration
}
