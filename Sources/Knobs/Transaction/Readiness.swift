import Kernel

/// The waiting for links that a change took down.
enum Readiness {
  /// The longest wait: drivers need up to a few seconds, spanning tree and LACP more than a sweep
  /// should spend on each trial.
  private static let limit: UInt64 = 10_000_000_000
  private static let pause: UInt64 = 2_000_000

  /// Makes a change, then waits until every hop that was ready before is so again.
  ///
  /// - Throws: what `change` throws, or ``Objection`` with the device that stayed down.
  static func keeping(
    on target: Target, through knobs: [any Knob], _ change: () throws -> Void
  ) throws {
    guard knobs.contains(where: { $0.disruption != .none && $0.scope != .host }) else {
      return try change()
    }
    let before = try target.path.filter { try isReady($0, target) }
    try change()
    let end = MonotonicTime.now() + limit
    for device in before {
      while try !isReady(device, target) {
        guard MonotonicTime.now() < end else {
          throw Objection(
            "\(device.name) has not been up with carrier for \(limit / 1_000_000_000) s since")
        }
        (MonotonicTime.now() + pause).sleepUntil()
      }
    }
  }

  private static func isReady(_ device: NetworkDevice, _ target: Target) throws -> Bool {
    try target.session(for: device).link(index: device.index).isReady
  }
}
