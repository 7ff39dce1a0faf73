import CLinux
import Kernel
import SystemPackage

/// What a device dropped on one queue by itself, as the generic family `netdev` tells it
/// (Documentation/netlink/specs/netdev.yaml, `qstats-get`): frames that entered the device and never
/// left it, to the host or to the wire.
struct QueueStatistics: Sendable, Hashable {
  let isReceiving: Bool
  let number: UInt32
  /// `rx-hw-drops` or `tx-hw-drops`.
  let drops: UInt64

  /// As `ethtool -S` would call it: `rx0_hw_drops`.
  var name: String { "\(isReceiving ? "rx" : "tx")\(number)_hw_drops" }

  /// Reads one message of the dump; nil if it is of another device, or tells of no drops.
  init?(decoding attributes: [UInt8], of index: Int32) throws(MalformedMessage) {
    let reply = try AttributeReader(attributes)
    guard try reply[KVMTUNE_NETDEV_A_QSTATS_IFINDEX]?.uint32() == UInt32(index),
      let type = try reply[KVMTUNE_NETDEV_A_QSTATS_QUEUE_TYPE]?.uint32(), type <= 1,
      let number = try reply[KVMTUNE_NETDEV_A_QSTATS_QUEUE_ID]?.uint32()
    else { return nil }
    let kind =
      type == 0 ? KVMTUNE_NETDEV_A_QSTATS_RX_HW_DROPS : KVMTUNE_NETDEV_A_QSTATS_TX_HW_DROPS
    guard let drops = try reply[kind]?.shortest() else { return nil }
    isReceiving = type == 0
    self.number = number
    self.drops = drops
  }
}

extension Attribute {
  /// A `uint` of the netlink specifications: 32 bits if they are enough, else 64.
  fileprivate func shortest() throws(MalformedMessage) -> UInt64 {
    bytes.count == 4 ? UInt64(try uint32()) : try uint64()
  }
}

extension NetlinkSession {
  /// The drops of each queue of a device, of those that tell them; none on a kernel before 6.9.
  func queueStatistics(of index: Int32) throws -> [QueueStatistics] {
    var request = MessageBuilder()
    request.attribute(KVMTUNE_NETDEV_A_QSTATS_IFINDEX, index)
    request.attribute(
      KVMTUNE_NETDEV_A_QSTATS_SCOPE, UInt32(KVMTUNE_NETDEV_QSTATS_SCOPE_QUEUE))
    do {
      return try self.request(
        "read the statistics of the queues of link \(index)", family: "netdev",
        command: KVMTUNE_NETDEV_CMD_QSTATS_GET, flags: NLM_F_DUMP,
        attributes: request.bytes
      ).compactMap { try QueueStatistics(decoding: $0.attributes, of: index) }
    } catch let error as NetlinkError
      where [.notSupported, .noSuchFileOrDirectory, .invalidArgument].contains(error.errno)
    {
      return []
    }
  }
}
