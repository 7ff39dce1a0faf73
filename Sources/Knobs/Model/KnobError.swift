package import Measurement

/// A knob that could not be set, read or put back; nothing else failed.
package struct KnobError: Error, Hashable, Codable, CustomStringConvertible {
  package enum Action: String, Sendable, Codable { case read, set, restore }

  package let action: Action
  package let knob: KnobName
  package let device: String
  /// What it should have become; nil for a read.
  package let value: KnobValue?
  /// The kernel's words, or ours where the kernel was not asked.
  package let reason: String

  package init(
    _ action: Action, _ knob: KnobName, on device: String, to value: KnobValue? = nil,
    reason: String
  ) {
    self.action = action
    self.knob = knob
    self.device = device
    self.value = value
    self.reason = reason
  }

  package var description: String {
    let target = value.map { " to \($0)" } ?? ""
    return "cannot \(action.rawValue) \(knob) of \(device)\(target): \(reason)"
  }
}

/// A name that is no knob's.
package struct UnknownKnob: Error, Hashable, CustomStringConvertible {
  package let name: KnobName
  package let nearest: KnobName?

  package init(name: KnobName, nearest: KnobName?) {
    self.name = name
    self.nearest = nearest
  }

  package var description: String {
    "there is no knob \(name)" + (nearest.map { "; did you mean \($0)?" } ?? "")
  }
}
