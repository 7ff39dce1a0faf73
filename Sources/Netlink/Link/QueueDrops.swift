/// Frames that the driver of a device says it dropped, queue by queue, by the total of the device
/// that holds them too.
///
/// Drivers name their counters as they like, so those alone count whose meaning their source tells:
///
/// - veth (drivers/net/veth.c; tried on Linux 6.18): `rx_queue_N_drops` are frames that found no
///   memory on the way from the ring into the stack, or that a program could not hand on;
///   `veth_get_stats64()` adds them to `rx_dropped` of the same end. Frames that a program threw
///   away, `rx_queue_N_xdp_drops`, are in no total at all. A full ring is in neither: it raises
///   `tx_dropped` of the sending end.
/// - virtio_net (drivers/net/virtio_net.c): `virtnet_stats()` adds `rxN_drops` (`rx_queue_N_drops`
///   before Linux 6.10), which hold `xdp_drops`, to `rx_dropped`. What the hypervisor counts itself,
///   `hw_drops`, is in no total.
/// - igb: `igb_update_stats()` adds `rx_queue_N_drops` to `rx_fifo_errors`.
///
/// Of other drivers what the kernel asks for by the same name everywhere (``QueueStatistics``): it
/// may be in any total, or in none.
package struct QueueDrops: Sendable, Hashable {
  /// A total of `struct rtnl_link_stats64`.
  package enum Total: Sendable, Hashable {
    case receiveDropped, receiveMissed, receiveOverflowed, transmitDropped
    /// It is in none of them.
    case noTotal
    /// Nobody says which one.
    case unknown
  }

  package enum Direction: Sendable { case received, transmitted }

  private let received: [Total: [String: UInt64]]
  private let transmitted: [Total: [String: UInt64]]

  /// Sorts what a driver counts; nothing of a driver that is not known.
  init(_ counters: DriverCounters, of driver: String) {
    let rules = Self.rules[driver] ?? []
    var sorted: [Direction: [Total: [String: UInt64]]] = [:]
    for (name, value) in zip(counters.names, counters.values) {
      guard let rule = rules.first(where: { $0.matches(name) }) else { continue }
      let direction: Direction = name.hasPrefix("rx") ? .received : .transmitted
      sorted[direction, default: [:]][rule.total, default: [:]][name] = value
    }
    received = sorted[.received] ?? [:]
    transmitted = sorted[.transmitted] ?? [:]
  }

  init(_ queues: [QueueStatistics]) {
    func sorted(_ isReceiving: Bool) -> [Total: [String: UInt64]] {
      let own = queues.filter { $0.isReceiving == isReceiving }.map { ($0.name, $0.drops) }
      return own.isEmpty ? [:] : [.unknown: Dictionary(own) { $1 }]
    }
    received = sorted(true)
    transmitted = sorted(false)
  }

  /// Whether it is known what the counters of a driver mean.
  static func isKnown(_ driver: String) -> Bool { rules[driver] != nil }

  /// Frames by the driver's name of the counter.
  func counts(_ direction: Direction) -> [Total: [String: UInt64]] {
    direction == .received ? received : transmitted
  }

  /// Frames of all queues that are in a total too.
  package func sum(_ direction: Direction, in total: Total) -> UInt64 {
    counts(direction)[total]?.sum ?? 0
  }

  /// Counters that are called `prefix`, the number of a queue, `suffix`.
  private struct Rule {
    let prefix: String
    let suffix: String
    let total: Total

    init(_ prefix: String, _ suffix: String, _ total: Total) {
      self.prefix = prefix
      self.suffix = suffix
      self.total = total
    }

    func matches(_ name: String) -> Bool {
      guard name.hasPrefix(prefix), name.hasSuffix(suffix) else { return false }
      let number = name.dropFirst(prefix.count).dropLast(suffix.count)
      return !number.isEmpty && number.allSatisfy { $0.isASCII && $0.isWholeNumber }
    }
  }

  private static let rules: [String: [Rule]] = [
    "veth": [
      Rule("rx_queue_", "_drops", .receiveDropped), Rule("rx_queue_", "_xdp_drops", .noTotal),
    ],
    "virtio_net": [
      Rule("rx", "_drops", .receiveDropped), Rule("rx_queue_", "_drops", .receiveDropped),
      Rule("rx", "_hw_drops", .noTotal), Rule("tx", "_hw_drops", .noTotal),
    ],
    "igb": [Rule("rx_queue_", "_drops", .receiveOverflowed)],
  ]
}

extension LinkStatistics {
  subscript(total: QueueDrops.Total) -> UInt64 {
    switch total {
    case .receiveDropped: receiveDropped
    case .receiveMissed: receiveMissed
    case .receiveOverflowed: receiveOverflowed
    case .transmitDropped: transmitDropped
    case .noTotal, .unknown: 0
    }
  }
}
