package import Kernel

extension DropCounter {
  /// The hops from one NIC of this host to another at the other end of its cable.
  ///
  /// Drivers differ in what they call a drop (Documentation/networking/statistics.rst); the three
  /// hops are disjoint where the receiving driver counts a full ring as missed. The two ends of a
  /// veth both count what either drops, so there only the sending end is asked.
  package static func cable(
    from: NetworkDevice, to: NetworkDevice, _ session: NetlinkSession
  ) throws -> [DropCounter] {
    let (sending, receiving) = (from.index, to.index)
    let countsTwice = try session.link(index: receiving).kind == "veth"
    return [
      .qdisc(of: from, session),
      DropCounter(hop: "transmit") {
        try session.link(index: sending).statistics.transmitDropped
      },
      DropCounter(hop: "receive") {
        let statistics = try session.link(index: receiving).statistics
        return statistics.receiveMissed + (countsTwice ? 0 : statistics.receiveDropped)
      },
    ]
  }
}
