/// Why a guest cannot be as it is asked for, and what to change: one line, said before QEMU starts.
package struct GuestObjection: Error, Hashable, Sendable, CustomStringConvertible {
  /// What it is about: `guest`, `net0`, or the name of a knob.
  package let subject: String
  package let reason: String
  /// What to do instead.
  package let remedy: String

  package init(_ subject: String, _ reason: String, _ remedy: String) {
    self.subject = subject
    self.reason = reason
    self.remedy = remedy
  }

  package var description: String { "\(subject): \(reason); \(remedy)" }
}
