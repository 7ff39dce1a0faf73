import Kernel
import Testing

@testable import Traffic

@Suite struct FrameTemplateTests {
  static let near = MACAddress(octets: [2, 0, 0, 0, 0, 1] as [UInt8])
  static let far = MACAddress(octets: [2, 0, 0, 0, 0, 2] as [UInt8])
  let stamp = FrameStamp(
    flow: 5, sequence: 0x0123_4567_89ab_cdef,
    intended: MonotonicTime(nanoseconds: 0x1234_5678_9abc),
    sent: MonotonicTime(nanoseconds: 0x1234_5678_9abc + 77))

  func template(_ bytes: Int, run: UInt16 = 0xbeef, back: Bool = false) throws -> FrameTemplate {
    let (near, far) = (try #require(Self.near), try #require(Self.far))
    return FrameTemplate(
      frameBytes: bytes, from: back ? far : near, to: back ? near : far, run: run)
  }

  /// A stamped frame with one change made to it.
  func judge(
    _ template: FrameTemplate, by judge: FrameTemplate? = nil, stamp: FrameStamp? = nil,
    change: (inout MutableRawSpan) -> Void = { _ in }
  ) -> FrameVerdict {
    var batch = FrameBatch(capacity: 1, frameBytes: template.bytes.count)
    return batch.withFrame(0) { frame in
      template.fill(&frame)
      template.write(stamp ?? self.stamp, into: &frame)
      change(&frame)
      return (judge ?? template).classify(frame.bytes)
    }
  }

  @Test(arguments: [60, 61, 64, 1514, 9014, 65_549]) func whatIsWrittenReadsBack(bytes: Int) throws
  {
    #expect(try judge(template(bytes)) == .ours(stamp))
    #expect(stamp.lateness == 77)
    #expect(stamp.age(at: MonotonicTime(nanoseconds: 0x1234_5678_9abc + 1000)) == 1000)
  }

  @Test func everyStampReadsBack() throws {
    let template = try template(60)
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<2000 {
      let intended = MonotonicTime(nanoseconds: generator.next() >> 8)
      let stamp = FrameStamp(
        flow: .random(in: 0..<FrameLayout.flowLimit), sequence: generator.next(),
        intended: intended, sent: intended + generator.next() >> 30)
      #expect(judge(template, stamp: stamp) == .ours(stamp))
    }
  }

  @Test func agesGoOnWhereTheClockWraps() {
    let intended = MonotonicTime(nanoseconds: 1 << 48 - 10)
    let stamp = FrameStamp(flow: 0, sequence: 0, intended: intended, sent: intended)
    #expect(stamp.age(at: MonotonicTime(nanoseconds: 1 << 48 + 5)) == 15)
  }

  @Test func aFrameTooLateSaysSo() {
    let intended = MonotonicTime(nanoseconds: 0)
    let sent = MonotonicTime(nanoseconds: 1 << 40)
    #expect(
      FrameStamp(flow: 0, sequence: 0, intended: intended, sent: sent).lateness == UInt32.max)
  }

  /// Nothing but one bit is wrong, anywhere in the frame.
  @Test(arguments: [60, 61, 250]) func everySingleBitIsNoticed(bytes: Int) throws {
    let template = try template(bytes)
    var missed: [Int] = []
    for bit in 0..<(bytes * 8) {
      let verdict = judge(template) { frame in
        let byte = frame.bytes.bigEndian(at: bit / 8, as: UInt8.self)
        frame.storeBigEndian(byte ^ 1 << (bit % 8), at: bit / 8)
      }
      if verdict != .corrupt { missed.append(bit) }
    }
    #expect(missed == [])
  }

  @Test func anotherRunIsForeign() throws {
    for run: UInt16 in [0, 0xbeee, 0x3eef, 0xffff] {
      #expect(try judge(template(60, run: run), by: template(60)) == .foreign)
    }
  }

  @Test func theOtherDirectionIsForeign() throws {
    #expect(try judge(template(60, back: true), by: template(60)) == .foreign)
  }

  @Test func anotherLengthIsCorrupt() throws {
    #expect(try judge(template(64), by: template(60)) == .corrupt)
    #expect(try judge(template(60), by: template(64)) == .corrupt)
  }

  @Test func strangersOfAnySizeAreForeign() throws {
    let template = try template(60)
    for bytes in [1, 13, 14, 41, 42, 59, 60, 61, 1514] {
      var batch = FrameBatch(capacity: 1, frameBytes: bytes)
      #expect(batch.withFrame(0) { template.classify($0.bytes) } == .foreign)
      let noise = (0..<bytes).map { _ in UInt8.random(in: 0...255) }
      let verdict = batch.withFrame(0) { frame in
        frame.copy(from: noise)
        return template.classify(frame.bytes)
      }
      #expect(verdict == .foreign)
    }
  }

  /// Sums over the whole header and datagram come to the complement of zero (RFC 1071).
  @Test(arguments: [60, 61, 1514]) func checksumsAreRight(bytes: Int) throws {
    let template = try template(bytes)
    var batch = FrameBatch(capacity: 1, frameBytes: bytes)
    let frame = batch.withFrame(0) { frame -> [UInt8] in
      template.fill(&frame)
      template.write(stamp, into: &frame)
      return (0..<bytes).map { frame.bytes.bigEndian(at: $0) }
    }
    #expect(InternetChecksum.complement(InternetChecksum.sum(Array(frame[14..<34]))) == 0)
    let length = bytes - 34
    let pseudo = Array(frame[26..<34]) + [0, 17, UInt8(length >> 8), UInt8(length & 255)]
    let sum = InternetChecksum.sum(pseudo) + InternetChecksum.sum(Array(frame[34...]))
    #expect(InternetChecksum.complement(sum) == 0)
  }

  @Test func anEchoHasTheAddressesOfTheWayBack() throws {
    let back = try template(60, back: true)
    #expect(try judge(template(60), by: back) { back.writeAddresses(into: &$0) } == .ours(stamp))
  }
}
