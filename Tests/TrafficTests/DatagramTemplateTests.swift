import Kernel
import Testing

@testable import Traffic

@Suite struct DatagramTemplateTests {
  static let stamp = FrameStamp(
    flow: 63, sequence: 0x12_3456_789a, intended: 0x1234_5678_9abc, lateness: 17_000)

  func datagram(
    _ template: DatagramTemplate, _ stamp: FrameStamp = stamp, wrongBit: Int? = nil,
    _ body: (RawSpan) -> Void
  ) {
    var batch = FrameBatch(capacity: 1, frameBytes: template.bytes.count)
    batch.withFrame(0) {
      template.fill(&$0)
      template.write(stamp, into: &$0)
      if let wrongBit {
        let byte = $0.bytes.bigEndian(at: wrongBit / 8, as: UInt8.self)
        $0.storeBigEndian(byte ^ 1 << (wrongBit % 8), at: wrongBit / 8)
      }
      body($0.bytes)
    }
  }

  @Test(arguments: [60, 61, 64, 1514]) func whatIsWrittenIsRead(frameBytes: Int) {
    let template = DatagramTemplate(frameBytes: frameBytes, run: 0xabcd)
    #expect(template.bytes.count == frameBytes - 42)
    datagram(template) { #expect(template.classify($0) == .ours(Self.stamp)) }
    let edges = [
      FrameStamp(flow: 0, sequence: 0, intended: 0, lateness: 0),
      FrameStamp(
        flow: 255, sequence: 1 << 40 - 1, intended: FrameStamp.timeMask, lateness: 255_000),
    ]
    for edge in edges { datagram(template, edge) { #expect(template.classify($0) == .ours(edge)) } }
  }

  @Test func latenessIsInMicrosecondsUpToALimit() {
    let template = DatagramTemplate(frameBytes: 60, run: 1)
    for (written, read) in [(999, 0), (1999, 1000), (4_000_000, 255_000)] as [(UInt32, UInt32)] {
      let stamp = FrameStamp(flow: 1, sequence: 2, intended: 3, lateness: written)
      let expected = FrameStamp(flow: 1, sequence: 2, intended: 3, lateness: read)
      datagram(template, stamp) { #expect(template.classify($0) == .ours(expected)) }
    }
  }

  @Test(arguments: [60, 61, 300]) func everyWrongBitIsSeen(frameBytes: Int) {
    let template = DatagramTemplate(frameBytes: frameBytes, run: 0x5a5a)
    for bit in 0..<(template.bytes.count * 8) {
      datagram(template, wrongBit: bit) {
        #expect(template.classify($0) == .corrupt, "bit \(bit)")
      }
    }
  }

  @Test func anotherRunAndAnotherLengthAreForeign() {
    let template = DatagramTemplate(frameBytes: 64, run: 0x1111)
    for run: UInt16 in [0x1110, 0x9111, 0xeeee] {
      datagram(DatagramTemplate(frameBytes: 64, run: run)) {
        #expect(template.classify($0) == .foreign, "run \(run)")
      }
    }
    for length in [60, 63, 65, 1514] {
      datagram(DatagramTemplate(frameBytes: length, run: 0x1111)) {
        #expect(template.classify($0) == .foreign)
      }
    }
  }

  @Test func strangersAreForeign() {
    let template = DatagramTemplate(frameBytes: 60, run: 0x1111)
    var batch = FrameBatch(capacity: 1, frameBytes: 18)
    var random = SystemRandomNumberGenerator()
    var nearly = 0
    for _ in 0..<2000 {
      batch.withFrame(0) { frame in
        for index in 0..<18 {
          frame.storeBigEndian(UInt8.random(in: 0...255, using: &random), at: index)
        }
        if template.classify(frame.bytes) != .foreign { nearly += 1 }
      }
    }
    #expect(nearly < 20)
  }
}
