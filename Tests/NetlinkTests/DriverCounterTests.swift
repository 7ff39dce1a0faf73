import Testing

@testable import Netlink

/// What drivers count by names of their own: replies as bytes, those of liars among them.
@Suite struct DriverCounterTests {
  /// `struct ethtool_gstrings`.
  private static func strings(_ names: [[UInt8]], told: UInt32? = nil) -> [UInt8] {
    var bytes = UInt32(0x1b).nativeBytes + UInt32(1).nativeBytes
    bytes += (told ?? UInt32(names.count)).nativeBytes
    for name in names { bytes += name + [UInt8](repeating: 0, count: 32 - name.count) }
    return bytes
  }

  /// `struct ethtool_stats`.
  private static func statistics(_ values: [UInt64], told: UInt32? = nil) -> [UInt8] {
    UInt32(0x1d).nativeBytes + (told ?? UInt32(values.count)).nativeBytes
      + values.flatMap(\.nativeBytes)
  }

  @Test func namesAndNumbersGoTogether() throws {
    let counters = try DriverCounters(
      strings: Self.strings([Array("peer_ifindex".utf8), Array("rx_queue_0_drops".utf8), []]),
      statistics: Self.statistics([7, .max, 3]))
    #expect(counters.names == ["peer_ifindex", "rx_queue_0_drops", ""])
    #expect(counters.values == [7, .max, 3])
    let none = try DriverCounters(strings: Self.strings([]), statistics: Self.statistics([]))
    #expect(none.names.isEmpty && none.values.isEmpty)
  }

  /// A name may fill its 32 bytes, go on behind a zero, or be no text.
  @Test func anyBytesAreAName() throws {
    let long = [UInt8](repeating: UInt8(ascii: "x"), count: 32)
    let counters = try DriverCounters(
      strings: Self.strings([long, [97, 0, 98], [0xff, 0xfe]]),
      statistics: Self.statistics([1, 2, 3]))
    #expect(counters.names[0] == String(repeating: "x", count: 32))
    #expect(counters.names[1] == "a")
    #expect(counters.names[2] == "\u{fffd}\u{fffd}")
  }

  @Test func countsThatLieAreRefused() {
    let one = [Array("a".utf8)]
    let replies: [(strings: [UInt8], statistics: [UInt8])] = [
      (Self.strings(one, told: 2), Self.statistics([1])),
      (Self.strings(one), Self.statistics([1], told: 2)),
      (Self.strings(one, told: .max), Self.statistics([1], told: .max)),
      (Self.strings(one, told: 0), Self.statistics([1], told: 0)),
      (Self.strings(one), Self.statistics([1, 2])),
      (Self.strings(one), []), ([], Self.statistics([1])),
      (Array(Self.strings(one).dropLast()), Self.statistics([1])),
      (Self.strings(one), Array(Self.statistics([1]).dropLast())),
    ]
    for reply in replies {
      #expect(throws: MalformedMessage.self) {
        try DriverCounters(strings: reply.strings, statistics: reply.statistics)
      }
    }
  }

  /// Whatever is cut off, turned over or made up, the answer is counters or an error.
  @Test func noReplyIsTooStrange() {
    var random = SplitMix(state: 31)
    for _ in 0..<20_000 {
      var strings = Self.strings([Array("rx_queue_0_drops".utf8), Array("tx".utf8)])
      var statistics = Self.statistics([1, 2])
      for _ in 0..<3 {
        let place = Int.random(in: 0..<16, using: &random)
        strings[place] = .random(in: 0...255, using: &random)
        statistics[place] = .random(in: 0...255, using: &random)
      }
      if Bool.random(using: &random) {
        strings.removeLast(.random(in: 0...strings.count, using: &random))
      }
      let counters = try? DriverCounters(strings: strings, statistics: statistics)
      #expect(counters?.names.count == counters?.values.count)
    }
  }

  @Test func howManyThereAre() throws {
    func reply(_ mask: UInt64, _ count: UInt32) -> [UInt8] {
      UInt32(0x37).nativeBytes + UInt32(0).nativeBytes + mask.nativeBytes + count.nativeBytes
    }
    #expect(try DriverCounters.count(decoding: reply(2, 19)) == 19)
    // Without the bit the device has none, whatever stands behind.
    #expect(try DriverCounters.count(decoding: reply(0, 19)) == 0)
    #expect(throws: MalformedMessage.self) { try DriverCounters.count(decoding: reply(2, .max)) }
    #expect(throws: MalformedMessage.self) {
      try DriverCounters.count(decoding: Array(reply(2, 1).dropLast()))
    }
  }

  // MARK: Drops

  private static func drops(_ driver: String, _ counts: KeyValuePairs<String, UInt64>) -> QueueDrops
  {
    QueueDrops(
      DriverCounters(names: counts.map(\.key), values: counts.map(\.value)), of: driver)
  }

  @Test func vethDropsAreInReceiveDroppedOrNowhere() {
    let drops = Self.drops(
      "veth",
      [
        "peer_ifindex": 3, "rx_queue_0_xdp_packets": 1000, "rx_queue_0_drops": 5,
        "rx_queue_0_xdp_drops": 7, "rx_queue_11_drops": 20, "rx_queue_11_xdp_drops": 0,
        "tx_queue_0_xdp_xmit_errors": 99,
      ])
    #expect(
      drops.counts(.received) == [
        .receiveDropped: ["rx_queue_0_drops": 5, "rx_queue_11_drops": 20],
        .noTotal: ["rx_queue_0_xdp_drops": 7, "rx_queue_11_xdp_drops": 0],
      ])
    #expect(drops.counts(.transmitted).isEmpty)
    #expect(drops.sum(.received, in: .receiveDropped) == 25)
  }

  @Test func whatTheHypervisorDroppedIsInNoTotal() {
    let drops = Self.drops(
      "virtio_net",
      [
        "rx0_drops": 1, "rx0_xdp_drops": 1, "rx0_hw_drops": 2, "rx1_drops": 3, "tx0_hw_drops": 4,
        "tx0_xdp_tx_drops": 8, "rx_hw_drops": 16, "rx٣_drops": 32,
      ])
    #expect(
      drops.counts(.received) == [
        .receiveDropped: ["rx0_drops": 1, "rx1_drops": 3], .noTotal: ["rx0_hw_drops": 2],
      ])
    #expect(drops.counts(.transmitted) == [.noTotal: ["tx0_hw_drops": 4]])
    #expect(
      Self.drops("virtio_net", ["rx_queue_0_drops": 6]).sum(.received, in: .receiveDropped) == 6)
    #expect(Self.drops("igb", ["rx_queue_3_drops": 6]).sum(.received, in: .receiveOverflowed) == 6)
  }

  @Test func countersOfOtherDriversSayNothing() {
    #expect(!QueueDrops.isKnown("e1000e"))
    #expect(Self.drops("e1000e", ["rx_queue_0_drops": 5]).counts(.received).isEmpty)
  }

  @Test func sumsOfLiesDoNotTrap() {
    let drops = Self.drops("veth", ["rx_queue_0_drops": .max, "rx_queue_1_drops": 2])
    #expect(drops.sum(.received, in: .receiveDropped) == 1)
  }

  /// Of frames that may be in a total or not, those count that go beyond what the totals grew by.
  @Test func whatMayBeInATotalIsNotCountedTwice() {
    let first: [QueueDrops.Total: [String: UInt64]] = [.unknown: ["rx0": 100, "rx1": 10]]
    func uncounted(_ now: [QueueDrops.Total: [String: UInt64]], growth: UInt64) -> UInt64 {
      QueueDrops.uncounted(now, since: first) { growth }
    }
    let now: [QueueDrops.Total: [String: UInt64]] = [.unknown: ["rx0": 105, "rx1": 12]]
    #expect(uncounted(now, growth: 0) == 7)
    #expect(uncounted(now, growth: 7) == 0)
    #expect(uncounted(now, growth: 3) == 4)
    #expect(uncounted(now, growth: .max) == 0)
    // What is in no total counts whatever grew; counters that were set back count nothing.
    #expect(uncounted([.noTotal: ["rx2": 9], .unknown: ["rx0": 111]], growth: 5) == 9)
    #expect(uncounted([.noTotal: ["rx2": 9], .unknown: ["rx0": 1]], growth: 0) == 9)
    #expect(uncounted([.unknown: ["rx0": .max, "rx1": .max]], growth: 0) < .max)
  }

  // MARK: Statistics of queues

  private static func queue(
    _ index: UInt32 = 4, type: UInt32 = 0, number: UInt32 = 2,
    _ body: (inout MessageBuilder) -> Void
  ) -> [UInt8] {
    var builder = MessageBuilder()
    builder.attribute(1, index)
    builder.attribute(2, type)
    builder.attribute(3, number)
    body(&builder)
    return builder.bytes
  }

  @Test func dropsOfAQueueHave32Or64Bits() throws {
    let small = Self.queue {
      $0.attribute(8, UInt32(1000))
      $0.attribute(13, UInt32(5))
    }
    let received = try #require(try QueueStatistics(decoding: small, of: 4))
    #expect(received.isReceiving && received.number == 2 && received.drops == 5)
    #expect(received.name == "rx2_hw_drops")
    let large = Self.queue(type: 1) { $0.attribute(24, UInt64(1) << 40) }
    let sent = try #require(try QueueStatistics(decoding: large, of: 4))
    #expect(!sent.isReceiving && sent.drops == 1 << 40)
    let drops = QueueDrops([received, sent])
    #expect(drops.counts(.received) == [.unknown: ["rx2_hw_drops": 5]])
    #expect(drops.counts(.transmitted) == [.unknown: ["tx2_hw_drops": 1 << 40]])
  }

  @Test func queuesThatTellNothingAreLeftOut() throws {
    #expect(try QueueStatistics(decoding: Self.queue { $0.attribute(8, UInt32(1)) }, of: 4) == nil)
    // Another device, a type that is not known, drops of the other direction.
    #expect(
      try QueueStatistics(decoding: Self.queue(5) { $0.attribute(13, UInt32(1)) }, of: 4) == nil)
    #expect(
      try QueueStatistics(decoding: Self.queue(type: 9) { $0.attribute(13, UInt32(1)) }, of: 4)
        == nil)
    #expect(
      try QueueStatistics(decoding: Self.queue(type: 1) { $0.attribute(13, UInt32(1)) }, of: 4)
        == nil)
    #expect(QueueDrops([]).counts(.received).isEmpty)
  }

  @Test func dropsOfTheWrongSizeAreRefused() {
    for bytes in [[], [1], [1, 2, 3, 4, 5], [UInt8](repeating: 1, count: 9)] as [[UInt8]] {
      #expect(throws: MalformedMessage.self) {
        try QueueStatistics(decoding: Self.queue { $0.attribute(13, bytes: bytes) }, of: 4)
      }
    }
  }
}
