package import Kernel

extension DropCounter {
  /// The hops from one NIC of this host to another at the other end of its cable.
  ///
  /// A sender past the queueing discipline, or on a device without one, is told of a frame that the
  /// device drops, so what the discipline has not counted of its refusals, `transmit` has. Drivers
  /// differ in what they call a drop (Documentation/networking/statistics.rst); the three
  /// hops are disjoint where the receiving driver counts a full ring as missed. The two ends of a
  /// veth both count what either drops, so there only the sending end is asked. What the drivers
  /// count by queue is told with the total that holds it, or is a hop by itself (``QueueDrops``).
  package static func cable(
    from: NetworkDevice, to: NetworkDevice, _ session: NetlinkSession
  ) throws -> [DropCounter] {
    let (sending, receiving) = (from.index, to.index)
    let countsTwice = try session.link(index: receiving).kind == "veth"
    let counted: Set<QueueDrops.Total> =
      countsTwice ? [.receiveMissed] : [.receiveMissed, .receiveDropped]
    let departures = QueueDropReader(of: from, session)
    let arrivals = QueueDropReader(of: to, session)
    let hops: [DropCounter?] = [
      .qdisc(of: from, session, countsRefusals: true),
      DropCounter(
        hop: "transmit", countsRefusals: true,
        queues: departures.names(.transmitted) { $0 == .transmitDropped },
        read: { try session.link(index: sending).statistics.transmitDropped }),
      DropCounter(
        hop: "receive", queues: arrivals.names(.received) { counted.contains($0) },
        read: {
          let statistics = try session.link(index: receiving).statistics
          return counted.reduce(UInt64(0)) { $0 &+ statistics[$1] }
        }),
      try departures.hop("transmit-queue", .transmitted, beside: [.transmitDropped]),
      try arrivals.hop("receive-queue", .received, beside: counted),
    ]
    return hops.compactMap { $0 }
  }

  /// Where frames can be lost in a guest, behind a NIC of it that takes them in.
  ///
  /// `struct rtnl_link_stats64` keeps what found the ring full (`rx_missed_errors`, and
  /// `rx_fifo_errors` in drivers that count each queue) out of `rx_dropped`; but to the latter the
  /// kernel adds what found a CPU's backlog full (net/core/dev.c, enqueue_to_backlog), which
  /// softnet_stat counts for all devices together. So that is taken off again, both counted from
  /// now on. A driver may count one full ring in two places: its frames are then explained twice.
  /// QEMU's own models leave what finds no room in the TAP, where the host counts it. What the driver
  /// counts by queue besides is `guest-queue`, where it does.
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
    let queues = try QueueDropReader(of: device, session).hop(
      "guest-queue", .received, beside: [.receiveMissed, .receiveOverflowed, .receiveDropped])
    return [
      DropCounter(hop: "guest-nic") {
        let statistics = try session.link(index: index).statistics
        let dropped = statistics.receiveDropped - min(droppedBefore, statistics.receiveDropped)
        return statistics.receiveMissed + statistics.receiveOverflowed + dropped
          - min(dropped, try backlog())
      },
      DropCounter(hop: "guest-backlog") { try backlog() },
    ] + [queues].compactMap { $0 }
  }

  /// Where frames can be lost in a guest before a NIC of it sends them.
  package static func guestDeparture(of device: NetworkDevice, _ session: NetlinkSession) throws
    -> [DropCounter]
  {
    let index = device.index
    let queues = try QueueDropReader(of: device, session).hop(
      "guest-transmit-queue", .transmitted, beside: [.transmitDropped])
    return [
      .qdisc(of: device, session, hop: guestQdisc, countsRefusals: true),
      DropCounter(hop: guestTransmit, countsRefusals: true) {
        try session.link(index: index).statistics.transmitDropped
      },
    ] + [queues].compactMap { $0 }
  }
}
