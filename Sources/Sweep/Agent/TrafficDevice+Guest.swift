import Kernel
import Netlink
import Traffic

extension TrafficDevice {
  /// A NIC of this guest as an end of traffic, with the hops where the guest itself loses frames.
  ///
  /// A full ring makes QEMU leave the frame in the TAP, where the host counts it; a device that
  /// takes it all the same says so as missed. What the stack has no room for, a full backlog with
  /// it, is in the device's `rx_dropped` (Documentation/networking/statistics.rst). Both are
  /// disjoint in the drivers of QEMU's models.
  init(ofGuest name: String) throws {
    let device = try NetworkDevice.find(name)
    let session = try NetlinkSession(in: .current)
    let index = device.index
    func counter(_ hop: String, _ count: @escaping @Sendable (LinkStatistics) -> UInt64)
      -> DropCounter
    {
      DropCounter(hop: hop) { count(try session.link(index: index).statistics) }
    }
    let address = try session.ipv4Addresses(of: index).first
    self.init(
      endpoint: Endpoint(device: device, ipv4: address),
      mtu: try session.link(index: index).mtu,
      arriving: [
        counter("guest-nic") { $0.receiveMissed },
        counter("guest-backlog") { $0.receiveDropped },
      ],
      leaving: [
        .qdisc(of: device, session, hop: "guest-qdisc"),
        counter("guest-transmit") { $0.transmitDropped },
      ])
  }
}
