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

  /// Where frames can be lost in a guest, behind a NIC of it that takes them in.
  ///
  /// `struct rtnl_link_stats64` keeps what found the ring full (`rx_missed_errors`, and
  /// `rx_fifo_errors` in drivers that count each queue) out of `rx_dropped`; but to the latter the
  /// kernel adds what found a CPU's backlog full (net/core/dev.c, enqueue_to_backlog), which
  /// softnet_stat counts for all devices together. So that is taken off again, both counted from
  /// now on. A driver may count one full ring in two places: its frames are then explained twice.
  /// QEMU's own models leave what finds no room in the TAP, where the host counts it.
  package static func guestArrival(
    of device: NetworkDevice, _ session: NetlinkSession, files: HostFiles = .live
  ) throws -> [DropCounter] {
    let index = device.index
    let droppedBefore = try session.link(index: index).statistics.receiveDropped
    let backlogBefore = try SoftnetStatistics.read(files).dropped
    @Sendable func backlog() throws -> UInt64 {
      let now = try SoftnetStatistics.read(files).dropped
      return now - min(backlogBefore, now)
    }
    return [
      DropCounter(hop: "guest-nic") {
        let statistics = try session.link(index: index).statistics
        let dropped = statistics.receiveDropped - min(droppedBefore, statistics.receiveDropped)
        return statistics.receiveMissed + statistics.receiveOverflowed + dropped
          - min(dropped, try backlog())
      },
      DropCounter(hop: "guest-backlog") { try backlog() },
    ]
  }

  /// Where frames can be lost in a guest before a NIC of it sends them.
  package static func guestDeparture(of device: NetworkDevice, _ session: NetlinkSession)
    -> [DropCounter]
  {
    let index = device.index
    return [
      .qdisc(of: device, session, hop: guestQdisc, countsRefusals: true),
      DropCounter(hop: "guest-transmit") {
        try session.link(index: index).statistics.transmitDropped
      },
    ]
  }
}
