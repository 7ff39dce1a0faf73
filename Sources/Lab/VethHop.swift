import Kernel
import Netlink

/// One direction of a veth: from one end's transmit function into the other end's stack.
///
/// The kernel counts one lost frame in several places (drivers/net/veth.c, net/core/dev.c; tried
/// on Linux 6.18). A full backlog (`netdev_max_backlog`) raises the receiving end's `rx_dropped`;
/// where the sending end's transmit function finds that out, its `tx_dropped` too, and then the
/// socket gets `ENOBUFS` unless a qdisc stands between. With GRO on at the receiving end and TSO
/// off at the sending one, frames first wait in a ring that NAPI empties: a full ring raises only
/// `tx_dropped`, a full backlog behind it (RPS) only `rx_dropped`. What is lost on the way from the
/// ring into the stack, the receiving end counts by queue, and most of that in `rx_dropped` as well;
/// frames that a program on it throws away are in no total (``QueueDrops``).
///
/// So each counter here is a sum of those totals that counts every loss once, and none that the
/// sender was told of. Settings must not change between two reads that are to be compared, and
/// somebody must listen at the receiving end: a frame that nobody wants raises `rx_dropped` too.
struct VethHop: Sendable {
  let from: NetworkDevice
  let sending: NetlinkSession
  let to: NetworkDevice
  let receiving: NetlinkSession

  private let segmentation: FeatureProbe
  private let merging: FeatureProbe
  private let forwarding: FeatureProbe
  private let queues: QueueDropReader
  private let queueHop: DropCounter?

  init(
    from: NetworkDevice, _ sending: NetlinkSession, to: NetworkDevice,
    _ receiving: NetlinkSession
  ) throws {
    self.from = from
    self.sending = sending
    self.to = to
    self.receiving = receiving
    let queues = QueueDropReader(of: to, receiving)
    self.queues = queues
    queueHop = try queues.hop("veth-queue", .received, beside: [])
    segmentation = try FeatureProbe(of: from.index, sending) {
      $0.hasPrefix("tx-tcp") && $0.hasSuffix("segmentation")
    }
    merging = try FeatureProbe(of: to.index, receiving) { $0 == "rx-gro" }
    forwarding = try FeatureProbe(of: to.index, receiving) {
      ["rx-gro-list", "rx-udp-gro-forwarding"].contains($0)
    }
  }

  /// What hands frames to the transmit function: whether it hears that one was dropped.
  enum Origin: Sendable {
    /// A socket, which hears it if the device has no qdisc.
    case socket
    /// A socket with `PACKET_QDISC_BYPASS`, which always hears it.
    case bypassingSocket
    /// A bridge, which never does.
    case bridge
  }

  func counters(from origin: Origin) -> [DropCounter] {
    [
      DropCounter(hop: "veth-ring") { try totals(origin).ring },
      DropCounter(hop: "backlog") { try totals(origin).backlog },
    ] + [queueHop].compactMap { $0 }
  }

  /// The same for frames of AF_XDP with a program on the receiving end. They all wait in the ring
  /// for NAPI, and the sender is not told which ones the ring had no room for. What the program
  /// hands to a full socket raises `rx_dropped` too, but the socket counts those better.
  func xdpCounters() -> [DropCounter] {
    [
      DropCounter(hop: "veth-ring") {
        try sending.link(index: from.index).statistics.transmitDropped
      }
    ]
  }

  private func totals(_ origin: Origin) throws -> VethDrops {
    let transmitter = try sending.link(index: from.index)
    let receiver = try receiving.link(index: to.index)
    let isHeard =
      switch origin {
      case .socket: transmitter.qdisc == "noqueue"
      case .bypassingSocket: true
      case .bridge: false
      }
    let transmitDropped = transmitter.statistics.transmitDropped
    // Nothing to be told apart: most reads save the question.
    let received = receiver.statistics.receiveDropped
    let inQueues = received == 0 ? 0 : try queues.read().sum(.received, in: .receiveDropped)
    return VethDrops(
      transmitDropped: transmitDropped, receiveDropped: received - min(received, inQueues),
      isRinged: transmitDropped == 0 ? false : try isRinged(origin), isHeard: isHeard)
  }

  /// Whether frames wait in the ring: `veth_skb_is_eligible_for_gro()` with NAPI switched on.
  private func isRinged(_ origin: Origin) throws -> Bool {
    guard try merging.isActive() else { return false }
    if try !segmentation.isActive() { return true }
    return origin == .bridge ? false : try forwarding.isActive()
  }
}

/// The arithmetic of ``VethHop``.
struct VethDrops: Hashable {
  /// Lost in the ring between the ends.
  let ring: UInt64
  /// Lost in a CPU's backlog behind the receiving end.
  let backlog: UInt64

  init(ring: UInt64, backlog: UInt64) {
    self.ring = ring
    self.backlog = backlog
  }

  /// - Parameters:
  ///   - transmitDropped: of the sending end.
  ///   - receiveDropped: of the receiving end, less what it lost queue by queue.
  ///   - isRinged: frames wait in the ring for NAPI.
  ///   - isHeard: whoever sends is told of a frame that the transmit function dropped.
  init(transmitDropped: UInt64, receiveDropped: UInt64, isRinged: Bool, isHeard: Bool) {
    if isRinged {
      ring = isHeard ? 0 : transmitDropped
      backlog = receiveDropped
    } else {
      ring = 0
      backlog =
        isHeard
        ? receiveDropped - min(receiveDropped, transmitDropped) : receiveDropped
    }
  }
}

extension DropCounter {
  /// Frames for the guest that found the TAP's ring full: the guest does not keep up.
  static func tapRing(of device: NetworkDevice, _ session: NetlinkSession) -> DropCounter {
    DropCounter(hop: "tap-ring") {
      try session.link(index: device.index).statistics.transmitDropped
    }
  }

  /// Frames that a device received and the stack had no room for.
  static func receiveDropped(of device: NetworkDevice, _ session: NetlinkSession, hop: String)
    -> DropCounter
  {
    DropCounter(hop: hop) { try session.link(index: device.index).statistics.receiveDropped }
  }
}
