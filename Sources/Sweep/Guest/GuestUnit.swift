package import Knobs
package import Lab
package import Traffic

/// A guest that runs, as a sweep uses it. From any thread.
package protocol GuestUnit: Sendable {
  /// Tunes the host's devices on the way to the guest.
  var host: any Tuning { get }
  /// Tunes the NIC within the guest, under the names of the guest's own catalogue.
  var guest: any Tuning { get }
  /// The driver of the NIC within the guest.
  var driver: String { get }
  /// Whether it runs and has answered so far.
  var isUsable: Bool { get }
  /// The way of a workload between this host and the guest when the smallest MTU on it is so.
  func route(_ workload: Workload, mtu: Int) throws -> Route
  /// Ends the guest and takes its network away. Later calls do nothing.
  func remove()
}

/// Starts guests.
package protocol GuestMaker: Sendable {
  /// What this host can do for guests.
  var abilities: HostAbilities { get }
  /// Every hop of any guest's route that may tell drops.
  var hops: [String] { get }
  /// Starts a guest; when it returns, frames pass.
  ///
  /// Throws `GuestObjection`, `GuestError`, or what making its network throws; nothing is left
  /// behind then.
  func start(_ definition: GuestDefinition) throws -> any GuestUnit
}
