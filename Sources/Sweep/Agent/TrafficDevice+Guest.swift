import Kernel
package import Netlink
package import Traffic

extension TrafficDevice {
  /// A NIC of this guest as an end of traffic, with the hops where the guest itself loses frames.
  ///
  /// - Parameter session: in the NIC's namespace; its counters keep it open.
  package init(ofGuest name: String, _ session: NetlinkSession) throws {
    let device = try session.device(named: name)
    let address = try session.ipv4Addresses(of: device.index).first
    self.init(
      endpoint: Endpoint(device: device, ipv4: address),
      mtu: { try session.link(index: device.index).mtu },
      arriving: try DropCounter.guestArrival(of: device, session),
      leaving: try DropCounter.guestDeparture(of: device, session))
  }
}
