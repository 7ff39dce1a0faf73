package import Measurement

/// One setting of kernel or NIC that can be read, written and put back exactly.
///
/// A knob holds no state: what it acts on is the ``Target`` it is handed. Its values are what
/// profiles and the CSV show; its ``Snapshot`` is all that is needed to put it back.
package protocol Knob: Sendable {
  var name: KnobName { get }
  var scope: Scope { get }
  /// What a write does to traffic and to others.
  var disruption: Disruption { get }
  /// One line for `--help` and `inspect`.
  var summary: String { get }
  /// Knobs that the kernel or a driver may reset as a side effect of writing this one; their
  /// originals are kept too.
  var disturbs: [KnobName] { get }

  /// The device that messages name; for a host-wide knob too, the one the sweep is about.
  func device(on target: Target) -> String
  /// Whether the target has this knob, and which values it takes, from the device's own limits.
  func capability(on target: Target) throws -> Availability
  /// Why the state as it is now could not be put back; nil if it could.
  func obstacle(on target: Target) throws -> String?
  /// The state as it is now.
  func snapshot(on target: Target) throws -> Snapshot
  /// Whether `now` acts as `original` did. Queues that came or went with another knob are no
  /// difference; nor is anything that only ``restore(_:on:)`` has to make alike.
  func acts(_ now: Snapshot, as original: Snapshot) -> Bool
  /// Sets a value of the domain; touches only what differs from it.
  func write(_ value: KnobValue, on target: Target) throws
  /// Has a state act again while the target is still tuned; touches only what differs from it.
  func revert(to original: Snapshot, on target: Target) throws
  /// Puts a state back; touches only what differs from it. Queues that are gone are left out.
  func restore(_ snapshot: Snapshot, on target: Target) throws
  /// What one would type for the same, in order.
  func commands(for value: KnobValue, on target: Target) -> [String]
}

extension Knob {
  package var disturbs: [KnobName] { [] }
  package func obstacle(on target: Target) throws -> String? { nil }

  package func acts(_ now: Snapshot, as original: Snapshot) -> Bool { now.agrees(with: original) }

  package func revert(to original: Snapshot, on target: Target) throws {
    try restore(original, on: target)
  }

  /// Whether the knob may be tuned on a target as it was found: it has it, and we could put it
  /// back.
  package func availability(on target: Target) throws -> Availability {
    let capability = try capability(on: target)
    guard case .available = capability, let obstacle = try obstacle(on: target) else {
      return capability
    }
    return .absent("\(obstacle), so it could not be put back")
  }

  package func device(on target: Target) -> String { target.transmitter.name }

  /// The effective value: what the kernel says now.
  package func read(on target: Target) throws -> KnobValue { try snapshot(on: target).value }
}

/// How far a knob reaches.
package enum Scope: String, Sendable, Codable, CaseIterable {
  /// The devices of the target only.
  case nic
  /// Everything in the network namespaces of the target's two ends.
  case namespace
  /// Every device of this machine.
  case host
}

/// What writing a knob does to traffic and to others.
package enum Disruption: String, Sendable, Codable, CaseIterable {
  /// At most a short pause of one queue.
  case none
  /// The link may go down for up to seconds.
  case linkFlap = "link-flap"
  /// The other end of the wire has to be set alike.
  case peerMustFollow = "peer-must-follow"
  /// It takes effect when the guest starts anew.
  case guestRestart = "guest-restart"
}

/// Whether a target has a knob.
package enum Availability: Sendable {
  case available(Domain)
  /// Why not, in plain words.
  case absent(String)
}

/// The state of a knob, in full.
///
/// ``details`` say for every place that the knob touches what stands there: the mask of each
/// queue, the MTU of each hop, the options of a qdisc. Two snapshots are the same state when
/// their details are equal; ``value`` sums them up as the kernel makes them effective.
package struct Snapshot: Sendable, Hashable, Codable {
  package let value: KnobValue
  package let details: [String: String]

  package init(value: KnobValue, details: [String: String]) {
    self.value = value
    self.details = details
  }

  package func isSameState(as other: Snapshot) -> Bool { details == other.details }

  /// Whether every place that both know holds the same. Queues that come or go with another knob
  /// are no difference.
  package func agrees(with other: Snapshot) -> Bool {
    details.allSatisfy { other.details[$0.key] == nil || other.details[$0.key] == $0.value }
  }
}
