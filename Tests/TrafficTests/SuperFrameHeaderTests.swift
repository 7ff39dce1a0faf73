import Kernel
import Testing

@testable import Traffic

@Suite struct SuperFrameHeaderTests {
  private let from: MACAddress
  private let to: MACAddress

  init() throws {
    from = try #require(MACAddress(octets: [2, 0, 0, 0, 0, 1]))
    to = try #require(MACAddress(octets: [2, 0, 0, 0, 0, 2]))
  }

  private func header(_ frameBytes: Int, _ segments: Int) -> SuperFrameHeader {
    SuperFrameHeader(frameBytes: frameBytes, segments: segments, from: from, to: to)
  }

  private func lengths(_ bytes: [UInt8], by header: SuperFrameHeader) -> [Int] {
    var found: [Int] = []
    var batch = FrameBatch(capacity: 1, frameBytes: bytes.count)
    batch.withFrame(0) { frame in
      frame.copy(from: bytes)
      header.split(frame.bytes) { found.append($0.byteCount) }
    }
    return found
  }

  @Test(arguments: [(60, 64), (1514, 44), (100, 2)])
  func aWholeOneAndItsPartsAreSplitAlike(frameBytes: Int, segments: Int) {
    let header = header(frameBytes, segments)
    let payload = frameBytes - 42
    let head = Array(header.heads(flows: 3, virtioBytes: 12)[2].dropFirst(12))
    #expect(head.count == 42)
    for count in [1, 2, segments] {
      let frame = head + [UInt8](repeating: 0, count: payload * count)
      #expect(lengths(frame, by: header) == [Int](repeating: payload, count: count))
    }
  }

  @Test func whatIsNotOursStaysWhole() {
    let header = header(100, 4)
    let head = Array(header.heads(flows: 1, virtioBytes: 10)[0].dropFirst(10))
    let frame = head + [UInt8](repeating: 0, count: 58 * 4)
    for length in [1, 41, 42, 43, 99, 101, 42 + 58 * 4 - 1] {
      #expect(lengths(Array(frame.prefix(length)), by: header) == [length])
    }
    for offset in [0, 6, 12, 14, 23, 26, 33, 36] {
      var other = frame
      other[offset] ^= 0x10
      #expect(lengths(other, by: header) == [frame.count], "offset \(offset)")
    }
  }

  /// Fields of struct virtio_net_hdr, little-endian.
  @Test func theKernelIsToldHowToCut() {
    let head = header(1514, 44).heads(flows: 1, virtioBytes: 10)[0]
    #expect(Array(head.prefix(10)) == [1, 5, 42, 0, 0xc0, 5, 34, 0, 6, 0])
    #expect(head.count == 52)
  }

  @Test func aSuperFrameHasRoomFor() {
    #expect(SuperFrameHeader.mostSegments(frameBytes: 1514) == 44)
    #expect(SuperFrameHeader.mostSegments(frameBytes: 60) == 3638)
    #expect(SuperFrameHeader.mostSegments(frameBytes: 65_535) == 1)
    #expect(SuperFrameHeader.mostSegments(frameBytes: 1514, zerocopy: true) == 8)
    #expect(SuperFrameHeader.mostSegments(frameBytes: 9014, zerocopy: true) == 4)
    #expect(SuperFrameHeader.mostSegments(frameBytes: 65_549) == 0)
  }

  @Test func aLostSuperFrameStandsForItsFrames() {
    let drops: [String: UInt64] = ["qdisc": 2, "tap-ring": 3, "backlog": 0]
    func inFrames(_ missing: UInt64) -> [String: UInt64] {
      Ledger.inFrames(drops, segments: 10, missing: missing)
    }
    #expect(inFrames(50) == ["qdisc": 20, "tap-ring": 30, "backlog": 0])
    #expect(inFrames(60) == ["qdisc": 20, "tap-ring": 30, "backlog": 0])
    #expect(inFrames(25).values.reduce(0, +) == 25)
    // As many as were counted at least: refused ones are counted, and not missing.
    for missing: UInt64 in [0, 3, 5] { #expect(inFrames(missing) == drops) }
  }
}
