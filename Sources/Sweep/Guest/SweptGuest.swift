import Kernel
import Knobs
package import Lab
import Traffic

/// A guest lab whose two sides can be tuned.
struct SweptGuest: GuestUnit {
  private let lab: GuestLab
  private let target: Target
  let host: any Tuning
  let guest: any Tuning

  init(_ lab: GuestLab) {
    self.lab = lab
    let path = lab.network.paths[0]
    target = Target(
      transmitter: path.served, receiver: path.served, path: path.devices, isLab: true)
    // What belongs to the whole host is not this side's to change, so there is no journal.
    host = Tuner(target, journal: nil)
    guest = RemoteTuner(GuestLab.deviceName(0), of: lab.agent)
  }

  /// With what runs the guest, since the same driver is another thing in emulation: `virtio_net on
  /// tcg`.
  var driver: String { "\(lab.driver) on \(lab.guest.accelerator.name)" }
  var isUsable: Bool { lab.isUsable }
  func route(_ workload: Workload, mtu: Int) -> Route { lab.route(for: workload, mtu: mtu) }

  func remove() {
    target.close()
    lab.remove()
  }
}

extension GuestHost: GuestMaker {
  package var hops: [String] { GuestLab.hops }

  package func start(_ definition: GuestDefinition) throws -> any GuestUnit {
    SweptGuest(try make(definition))
  }
}

extension GuestLab {
  /// Every hop that a route of any guest may tell drops of, on both sides of the border.
  package static let hops =
    ["qdisc", "backlog", "veth-ring", "veth-queue", "tap-qdisc", "tap-ring", "tap-backlog"]
    + ["port-qdisc", "socket-buffer"] + DropCounter.guestHops
}
