import Testing

@testable import Netlink

/// Replies that Linux 6.18 sent, and requests as ethtool 6.1 sends them.
@Suite struct EthtoolTests {
  /// A veth with two queues of each direction created and one in use.
  static let channels = Hex(
    """
    1400018008000100030000000700020076610000 0800020002000000
    0800060001000000 0800030002000000 0800070001000000
    """)
  /// A TAP, which knows `rx-frames` only.
  static let coalescing = Hex(
    "1400018008000100050000000700020074300000 0800030000000000")
  static let linkModes = Hex(
    """
    14000180080001000500000007000200743000000500020000000000100003800800020079000000
    040003800800050010270000050006000100000005000a0000000000
    """)

  @Test func channels() throws {
    #expect(
      try Channels(decoding: Self.channels.bytes)
        == Channels(
          rx: BoundedCount(current: 1, maximum: 2), tx: BoundedCount(current: 1, maximum: 2)))
  }

  @Test func ringsThatAreNotThereAreNil() throws {
    var reply = MessageBuilder()
    reply.attribute(2, UInt32(4096))
    reply.attribute(6, UInt32(512))
    reply.attribute(5, UInt32(0))
    #expect(
      try Rings(decoding: reply.bytes) == Rings(rx: BoundedCount(current: 512, maximum: 4096)))
  }

  @Test func coalescing() throws {
    let decoded = try Coalescing(decoding: Self.coalescing.bytes)
    #expect(decoded == Coalescing([.rxFrames: 0]))
    #expect(decoded.adaptiveRx == nil)
    #expect(decoded.rxFrames == 0)
    var reply = MessageBuilder()
    reply.attribute(11, UInt8(1))
    reply.attribute(2, UInt32(50))
    #expect(
      try Coalescing(decoding: reply.bytes) == Coalescing([.adaptiveRx: 1, .rxUsecs: 50]))
  }

  @Test func linkModes() throws {
    #expect(
      try LinkModes(decoding: Self.linkModes.bytes)
        == LinkModes(speedMegabits: 10_000, duplex: .full, autonegotiation: false))
    var unknown = MessageBuilder()
    unknown.attribute(5, UInt32.max)
    unknown.attribute(6, UInt8(255))
    #expect(
      try LinkModes(decoding: unknown.bytes)
        == LinkModes(speedMegabits: nil, duplex: nil, autonegotiation: nil))
  }

  @Test func features() throws {
    let features = try Features(decoding: FeaturesReply.tap.bytes)
    #expect(features.states.count == 60)
    #expect(
      features["tx-tcp-segmentation"]
        == FeatureState(active: false, wanted: true, hardware: true, noChange: false))
    #expect(features["rx-gro"]?.active == true)
    #expect(features["loopback"]?.isFixed == true)
    #expect(features["no-such-feature"] == nil)
    #expect(features[""] == nil)
  }

  @Test func aGroupIsWhatEthtoolMeansByItsWord() throws {
    let features = try Features(decoding: FeaturesReply.tap.bytes)
    #expect(
      FeatureGroup.tso.members(in: features) == [
        "tx-tcp-accecn-segmentation", "tx-tcp-ecn-segmentation", "tx-tcp-mangleid-segmentation",
        "tx-tcp-segmentation", "tx-tcp6-segmentation",
      ])
    #expect(
      FeatureGroup.tx.members(in: features) == [
        "tx-checksum-fcoe-crc", "tx-checksum-ip-generic", "tx-checksum-ipv4", "tx-checksum-ipv6",
        "tx-checksum-sctp",
      ])
    #expect(
      FeatureGroup.sg.members(in: features) == [
        "tx-scatter-gather", "tx-scatter-gather-fraglist",
      ])
    #expect(FeatureGroup.gro.members(in: features) == ["rx-gro"])
    #expect(FeatureGroup.gso.members(in: features) == ["tx-generic-segmentation"])
    #expect(FeatureGroup.rx.members(in: features) == ["rx-checksum"])
    #expect(FeatureGroup.tso.isOn(in: features) == false)
    #expect(FeatureGroup.gro.isOn(in: features) == true)
    #expect(FeatureGroup.lro.isFixed(in: features))
    #expect(FeatureGroup.tx.changes(to: false, in: features) == ["tx-checksum-ip-generic": false])
    #expect(FeatureGroup.gro.isOn(in: Features([:])) == nil)
  }

  @Test func whatCameOfAChange() {
    func state(_ active: Bool) -> FeatureState {
      FeatureState(active: active, wanted: true, hardware: true, noChange: false)
    }
    let before = Features(["a": state(true), "b": state(true), "c": state(false)])
    let after = Features(["a": state(false), "b": state(false), "c": state(false)])
    let change = FeatureChange(asked: ["a": false, "c": true], before: before, after: after)
    #expect(change.dependent == ["b": false])
    #expect(change.refused == ["c": false])
  }

  /// `ethtool -K va tx-gso-list off`.
  @Test func aFeatureIsTurnedOffAsEthtoolDoesIt() {
    var builder = MessageBuilder()
    Bitset(["tx-gso-list": false]).encode(3, into: &builder)
    #expect(
      builder.bytes
        == Hex("1c000380 18000380 14000180 10000200 74782d67736f2d6c69737400").bytes)
    builder = MessageBuilder()
    Bitset(["b": true, "a": false]).encode(3, into: &builder)
    #expect(
      builder.bytes
        == Hex(
          "24000380 20000380 0c000180 06000200 61000000 10000180 06000200 62000000 04000300"
        ).bytes)
  }

  /// `ethtool -L va rx 2`, with the index where ethtool sends the name.
  @Test func countsFollowTheHeader() throws {
    var builder = NetlinkSession.ethtoolRequest(about: 7)
    try builder.counts([(6, 2), (7, nil)], "set")
    #expect(builder.bytes == Hex("0c000180 08000100 07000000 08000600 02000000").bytes)
    #expect(throws: NetlinkError("set", .invalidArgument, message: "-1 is not a 32-bit number")) {
      try builder.counts([(6, -1)], "set")
    }
  }

  @Test func damagedRepliesAreSurvived() throws {
    let features = try Features(decoding: FeaturesReply.tap.bytes)
    var refused = 0
    for bytes in FeaturesReply.tap.damaged(copies: 100) {
      do {
        if try Features(decoding: bytes) != features { refused += 1 }
      } catch { refused += 1 }
    }
    #expect(refused > 1000)
    for bytes in Self.channels.damaged() { _ = try? Channels(decoding: bytes) }
    for bytes in Self.channels.damaged() { _ = try? Rings(decoding: bytes) }
    for bytes in Self.coalescing.damaged() { _ = try? Coalescing(decoding: bytes) }
    for bytes in Self.linkModes.damaged() { _ = try? LinkModes(decoding: bytes) }
    #expect(throws: MalformedMessage.self) {
      try Coalescing(decoding: Hex("0600030000000000").bytes)
    }
    #expect(throws: MalformedMessage.self) { try Features(decoding: Hex("04000280").bytes) }
  }
}
