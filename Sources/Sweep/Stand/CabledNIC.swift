import Kernel
import Knobs
import Measurement
import Netlink
import Traffic

/// One NIC of this host that plays both sides in turn, with traffic from it to the NIC at the other
/// end of its cable.
final class CabledNIC: SideSource {
  let tuner: Tuner
  private let side: Side

  init(_ nic: NetworkDevice, peer: NetworkDevice, journal: Journal?) throws {
    let target = Target(nic: nic, peer: peer)
    tuner = Tuner(target, journal: journal)
    let session = try target.session(for: nic)
    let drops = try DropCounter.cable(from: nic, to: peer, session)
    let reverseDrops = try DropCounter.cable(from: peer, to: nic, session)
    side = Side(tuner: tuner) { _, mtu in
      Route(
        sender: Endpoint(device: nic), receiver: Endpoint(device: peer), drops: drops,
        reverseDrops: reverseDrops, mtu: mtu)
    }
  }

  func side(_ number: Int, for configuration: Configuration) -> Side { side }
  /// A NIC stays.
  func renew() {}
  func close() { tuner.target.close() }
}

extension Target {
  /// A NIC as something to tune. Both ends of its cable must carry a larger MTU.
  init(nic: NetworkDevice, peer: NetworkDevice) {
    self.init(transmitter: nic, receiver: nic, path: [nic, peer], isLab: false)
  }
}
