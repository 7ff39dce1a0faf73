import Testing

@testable import Netlink

/// Dumps that Linux 6.18 sent, and options as tc 6.1 sends them.
@Suite struct QdiscTests {
  /// The root `mq` of a veth with explicit handle 8003:.
  static let mq = Hex(
    """
    00000000020000000000 0380ffffffff01000000 070001006d710000 05000c0000000000
    3000070014000100c2020000000000000900000000000000
    1800030000000000000000000000000000000000 00000000
    2c000300c202000000000000090000000000000000000000000000000000000000000000
    0000000000000000
    """)
  /// Its second child.
  static let child = Hex(
    """
    0000000002000000000000000200038001000000 0f000100706669666f5f666173740000
    1800020003000000010202020102000001010101 01010101 05000c0000000000
    30000700140001006c020000000000000800000000000000
    180003000000000000000000000000000000000000000000
    2c0003006c0200000000000008000000000000000000000000000000000000000000000000000000 00000000
    """)
  /// `htb rate 1gbit` made by tc with handle 1:, and its class.
  static let htb = Hex(
    """
    0000000003000000000001 00ffffffff03000000 0800010068746200
    2400020018000200110003000a00000001000000000000000000000008000500e8030000 05000c0000000000
    """)
  static let htbClass = Hex(
    """
    0000000003000000 01000100 ffffffff 00000000 0800010068746200
    34000200 30000100 000100000000000040597307 000100000000000040597307
    bb000000 bb000000 400d0300 00000000 00000000
    """)
  /// The options of `tbf rate 1001kbit burst 5kb latency 70ms` in a dump.
  static let tbf = Hex(
    "280001000001000000000000c5e801000000000000000000000000003636000080c1090000000000")

  @Test func dumps() throws {
    let root = try Qdisc(decoding: Self.mq.bytes)
    #expect(root.kind == "mq")
    #expect(root.handle == 0x8003_0000)
    #expect(root.isRoot && !root.isDefault)
    #expect(root.device == 2)
    #expect(root.options.isEmpty)
    #expect(root.statistics == QdiscStatistics(bytes: 706, packets: 9))
    let child = try Qdisc(decoding: Self.child.bytes)
    #expect(child.kind == "pfifo_fast")
    #expect(child.parent == 0x8003_0002)
    #expect(child.isDefault && !child.isRoot)
    #expect(child.options.count == 20)
    #expect(child.statistics.packets == 8)
    #expect(QdiscSpecification(restoring: root).description == "mq verbatim")
    #expect(QdiscSpecification(restoring: child) == .deviceDefault)
  }

  @Test func counters() throws {
    var all = MessageBuilder()
    all.nested(7) { inner in
      inner.attribute(1, bytes: [1, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0])
      inner.attribute(8, UInt64(0x1_0000_0000))
      inner.attribute(
        3, bytes: [UInt32](1...5).flatMap(\.nativeBytes))
    }
    #expect(
      try QdiscStatistics(decoding: AttributeReader(all.bytes))
        == QdiscStatistics(
          bytes: 1, packets: 0x1_0000_0000, drops: 3, overlimits: 5, requeues: 4, backlog: 2,
          queueLength: 1))
  }

  @Test func htbIsItsClass() throws {
    let qdisc = try Qdisc(decoding: Self.htb.bytes)
    let only = try QdiscClass(decoding: Self.htbClass.bytes)
    #expect(only.isMade)
    #expect(only.handle == 0x1_0001)
    let found = try QdiscSpecification(decoding: qdisc, classes: [only])
    #expect(found.description == "htb rate 1gbit burst 1496 quantum 200000")
    let alone = try QdiscSpecification(decoding: qdisc)
    #expect(alone.description.hasPrefix("htb verbatim 18000200"))
  }

  @Test func tbfFromADump() throws {
    let qdisc = Qdisc(kind: "tbf", handle: 0x1_0000, options: Self.tbf.bytes)
    let found = try QdiscSpecification(decoding: qdisc)
    #expect(found.description == "tbf rate 1001kbit burst 5119 limit 13878")
    let asked = try QdiscSpecification(parsing: "tbf rate 1001kbit burst 5kb latency 70ms")
    #expect(asked.isMet(by: found))
    #expect(
      try !QdiscSpecification(parsing: "tbf rate 1001kbit burst 5kb latency 71ms")
        .isMet(by: found))
    let kept = QdiscSpecification(restoring: qdisc)
    #expect(try QdiscSpecification(parsing: kept.description) == kept)
    #expect(kept.options == Self.tbf.bytes)
  }

  /// The options of tc's own requests for the same words.
  @Test(arguments: [
    ("fq limit 300", "080001002c010000"),
    ("fq_codel limit 300", "080002002c010000"),
    ("cake bandwidth 100mbit rtt 50ms", "0c000200 20bcbe0000000000 08000700 50c30000"),
    ("pfifo limit 300", "2c010000"),
    ("htb rate 1gbit", "18000200 03000000 0a000000 01000000 00000000 00000000"),
    (
      "netem delay 1ms 100us loss 0.1% duplicate 0.1% reorder 1% corrupt 0.1% limit 500",
      """
      093d0000 f4010000 37894100 01000000 37894100 1a060000
      0c000300 295c8f02 00000000 0c000400 37894100 00000000
      """
    ),
  ])
  func optionsAreThoseOfTc(words: String, bytes: String) throws {
    #expect(try QdiscSpecification(parsing: words).options == Hex(bytes).bytes)
  }

  /// What tc sends, without the rate tables that the kernel does not look at.
  @Test func tbfOptions() throws {
    let plain = try QdiscSpecification(parsing: "tbf rate 100mbit burst 32kb latency 50ms")
    #expect(
      plain.options
        == Hex(
          """
          28000100 0001000000000000 20bcbe00 0000000000000000 00000000 68090a00 00a00000 00000000
          08000600 00800000
          """
        ).bytes)
    let wide = try QdiscSpecification(parsing: "tbf rate 40gbit burst 1mb limit 4mb")
    #expect(
      wide.options
        == Hex(
          """
          28000100 0001000000000000 ffffffff 0000000000000000 00000000 00004000 cd0c0000 00000000
          08000600 00001000 0c000400 00f2052a01000000
          """
        ).bytes)
  }

  @Test func netemFromADump() throws {
    let words = "netem delay 1ms 100us loss 0.1% duplicate 0.1% reorder 1% corrupt 0.1% limit 500"
    let asked = try QdiscSpecification(parsing: words)
    #expect(asked.description == words)
    let qdisc = Qdisc(kind: "netem", handle: 0x1_0000, options: try #require(asked.options))
    #expect(asked.isMet(by: try QdiscSpecification(decoding: qdisc)))
    #expect(
      try !QdiscSpecification(parsing: "netem delay 1ms").isMet(
        by: QdiscSpecification(decoding: qdisc)))
  }

  @Test func damagedDumpsAreSurvived() throws {
    for golden in [Self.mq, Self.child, Self.htb, Self.htbClass] {
      for bytes in golden.damaged() {
        guard let qdisc = try? Qdisc(decoding: bytes) else { continue }
        let classes = [try? QdiscClass(decoding: bytes)].compactMap { $0 }
        _ = (try? QdiscSpecification(decoding: qdisc, classes: classes))?.description
      }
      #expect(throws: MalformedMessage.self) { try Qdisc(decoding: Array(golden.bytes[..<19])) }
    }
    for kind in QdiscSpecification.kinds {
      for bytes in Self.tbf.damaged() + Self.htb.damaged() {
        let qdisc = Qdisc(kind: kind, handle: 0x1_0000, options: bytes)
        guard let found = try? QdiscSpecification(decoding: qdisc) else { continue }
        _ = found.description
        _ = found.isMet(by: found)
        #expect(found.kind == kind)
      }
    }
    let short = Qdisc(kind: "tbf", handle: 0x1_0000, options: Array(Self.tbf.bytes[..<39]))
    #expect(throws: MalformedMessage.self) { try QdiscSpecification(decoding: short) }
  }
}
