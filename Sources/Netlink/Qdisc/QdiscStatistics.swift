import CLinux

/// What a qdisc counts since it was attached, its children included.
package struct QdiscStatistics: Sendable, Hashable {
  /// Bytes and frames sent on.
  package let bytes: UInt64
  package let packets: UInt64
  /// Frames thrown away. The kernel counts in 32 bits.
  package let drops: UInt64
  /// How often a limit held frames back.
  package let overlimits: UInt64
  /// How often the device gave a frame back.
  package let requeues: UInt64
  /// Bytes and frames that wait now.
  package let backlog: UInt64
  package let queueLength: UInt64

  package init(
    bytes: UInt64 = 0, packets: UInt64 = 0, drops: UInt64 = 0, overlimits: UInt64 = 0,
    requeues: UInt64 = 0, backlog: UInt64 = 0, queueLength: UInt64 = 0
  ) {
    self.bytes = bytes
    self.packets = packets
    self.drops = drops
    self.overlimits = overlimits
    self.requeues = requeues
    self.backlog = backlog
    self.queueLength = queueLength
  }

  /// Reads `TCA_STATS2` (linux/gen_stats.h): `struct gnet_stats_basic` and `gnet_stats_queue`.
  init(decoding attributes: AttributeReader) throws(MalformedMessage) {
    let all = try attributes[TCA_STATS2]?.nested()
    let basic = all?[TCA_STATS_BASIC]?.bytes ?? []
    let wide = try all?[TCA_STATS_PKT64]?.uint64()
    let queue = all?[TCA_STATS_QUEUE]?.bytes ?? []
    func counter(_ position: Int) -> UInt64 {
      UInt32(nativeBytes: queue.dropFirst(position * 4).prefix(4)).map(UInt64.init) ?? 0
    }
    let packets = UInt32(nativeBytes: basic.dropFirst(8).prefix(4)).map(UInt64.init)
    self.init(
      bytes: UInt64(nativeBytes: basic.prefix(8)) ?? 0, packets: wide ?? packets ?? 0,
      drops: counter(2), overlimits: counter(4), requeues: counter(3), backlog: counter(1),
      queueLength: counter(0))
  }
}
