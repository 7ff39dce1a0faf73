import Testing

@testable import Netlink

/// Golden bytes are those of a little-endian machine, as every host that KVM matters on is.
@Suite struct CodecTests {
  /// What `ethtool_netlink` asks of eth0: a nested header, a flag, every size of integer.
  static let golden: [UInt8] = [
    0x10, 0x00, 0x01, 0x80, 0x09, 0x00, 0x02, 0x00, 0x65, 0x74, 0x68, 0x30, 0x00, 0, 0, 0,
    0x04, 0x00, 0x05, 0x00,
    0x05, 0x00, 0x06, 0x00, 0xFE, 0, 0, 0,
    0x06, 0x00, 0x07, 0x00, 0x34, 0x12, 0, 0,
    0x08, 0x00, 0x08, 0x00, 0x78, 0x56, 0x34, 0x12,
    0x0C, 0x00, 0x09, 0x00, 0xEF, 0xCD, 0xAB, 0x90, 0x78, 0x56, 0x34, 0x12,
  ]

  @Test func builderWritesGoldenBytes() {
    var builder = MessageBuilder()
    builder.nested(1) { $0.attribute(2, "eth0") }
    builder.flag(5)
    builder.attribute(6, UInt8(0xFE))
    builder.attribute(7, UInt16(0x1234))
    builder.attribute(8, UInt32(0x1234_5678))
    builder.attribute(9, UInt64(0x1234_5678_90AB_CDEF))
    #expect(builder.bytes == Self.golden)
  }

  @Test func readerReadsWhatBuilderWrote() throws {
    let reader = try AttributeReader(Self.golden)
    #expect(reader.all.map(\.type) == [1, 5, 6, 7, 8, 9])
    #expect(try reader[1]?.nested()[2]?.string == "eth0")
    #expect(reader[5]?.bytes.isEmpty == true)
    #expect(try reader[6]?.uint8() == 0xFE)
    #expect(try reader[7]?.uint16() == 0x1234)
    #expect(try reader[8]?.uint32() == 0x1234_5678)
    #expect(try reader[9]?.uint64() == 0x1234_5678_90AB_CDEF)
    #expect(reader[77] == nil)
  }

  @Test func headerIsSkippedAndMustBeThere() throws {
    #expect(try AttributeReader([9, 9, 9, 9] + Self.golden, after: 4)[8]?.uint32() == 0x1234_5678)
    #expect(throws: MalformedMessage.self) { try AttributeReader([1, 2, 3], after: 4) }
  }

  @Test func theLastOfATypeCounts() throws {
    var builder = MessageBuilder()
    builder.attribute(3, UInt8(1))
    builder.attribute(3, UInt8(2))
    #expect(try AttributeReader(builder.bytes)[3]?.uint8() == 2)
  }

  @Test(
    arguments: [
      [0x03, 0x00, 0x01, 0x00],  // shorter than its own header
      [0x00, 0x00, 0x01, 0x00],  // a length of nothing would never end
      [0x09, 0x00, 0x01, 0x00, 1, 2, 3, 4],  // ends behind the message
      [0xFF, 0xFF, 0x01, 0x00],
    ] as [[UInt8]])
  func lengthsThatLieThrow(bytes: [UInt8]) {
    #expect(throws: MalformedMessage.self) { try AttributeReader(bytes) }
  }

  @Test func wrongSizesThrow() throws {
    let reader = try AttributeReader(Self.golden)
    #expect(throws: MalformedMessage.self) { try reader[6]?.uint32() }
    #expect(throws: MalformedMessage.self) { try reader[9]?.uint32() }
    #expect(throws: MalformedMessage.self) { try reader[5]?.uint8() }
  }

  @Test func missingPaddingAtTheEndIsFine() throws {
    #expect(try AttributeReader([0x05, 0x00, 0x06, 0x00, 7])[6]?.uint8() == 7)
  }

  @Test func noMangledMessageCrashes() {
    var generator = SplitMix(state: 7)
    var read = 0
    for _ in 0..<20_000 {
      var bytes = Array(Self.golden.prefix(Int(generator.next() % 53)))
      for _ in 0..<generator.next() % 4 where !bytes.isEmpty {
        bytes[Int(generator.next() % UInt64(bytes.count))] = UInt8(
          truncatingIfNeeded: generator.next())
      }
      guard let reader = try? AttributeReader(bytes) else { continue }
      read += 1
      for attribute in reader.all {
        _ = try? attribute.nested()
        _ = try? attribute.uint32()
        _ = attribute.string
      }
    }
    #expect((1..<20_000).contains(read))
  }
}

/// Random numbers for mangling, the same in every run.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
