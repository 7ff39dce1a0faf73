package import Kernel

/// Where things stand in a frame of ours: Ethernet II, IPv4, UDP, then 18 bytes of ours, then
/// filler up to the size wanted. All numbers in network byte order.
///
/// | offset | bytes | |
/// |---|---|---|
/// | 18 | 2 | IPv4 identification: the run |
/// | 34 | 2 | UDP source port: the flow, from ``firstPort`` |
/// | 36 | 2 | UDP destination port: the magic, ``magicPort`` |
/// | 40 | 2 | UDP checksum, over all that follows the IPv4 header |
/// | 42 | 8 | sequence within the flow |
/// | 50 | 6 | intended time: CLOCK_MONOTONIC in nanoseconds, modulo 2⁴⁸ (78 hours) |
/// | 56 | 4 | sent time: nanoseconds after the intended one; 2³²−1 for that or more |
///
/// IPv4 and UDP are there for the kernel's sake: receive-side scaling, packet steering, TAP
/// queues and fair queueing tell flows apart by them. The source address is 0.0.0.0, so that no
/// IP stack on the way answers, forwards or routes a frame (RFC 1122, 3.2.1.3); the destination is
/// in the range for benchmarks (RFC 2544).
package enum FrameLayout {
  package static let ethernetBytes = 14
  package static let minimumBytes = 60
  package static let flowLimit = 4096
  package static let firstPort: UInt16 = 49152
  package static let magicPort: UInt16 = 34997

  static let ip = 14
  static let identification = 18
  static let ipChecksum = 24
  static let udp = 34
  static let destinationPort = 36
  static let udpChecksum = 40
  static let sequence = 42
  static let intended = 50
  static let lateness = 56
  static let filler = 60
}

/// What is different from frame to frame of one flow of traffic.
package struct FrameStamp: Sendable, Hashable {
  /// 0 ..< ``FrameLayout/flowLimit``.
  package var flow: Int
  package var sequence: UInt64
  /// CLOCK_MONOTONIC nanoseconds, modulo 2⁴⁸.
  package var intended: UInt64
  /// Nanoseconds from the intended to the sent time.
  package var lateness: UInt32

  package init(flow: Int, sequence: UInt64, intended: MonotonicTime, sent: MonotonicTime) {
    self.init(flow: flow, sequence: sequence, intended: 0, lateness: 0)
    setTimes(intended: intended, sent: sent)
  }

  mutating func setTimes(intended: MonotonicTime, sent: MonotonicTime) {
    self.intended = intended.nanoseconds & Self.timeMask
    lateness = UInt32(clamping: sent - intended)
  }

  init(flow: Int, sequence: UInt64, intended: UInt64, lateness: UInt32) {
    self.flow = flow
    self.sequence = sequence
    self.intended = intended
    self.lateness = lateness
  }

  /// Nanoseconds from the intended time to `moment`, which is less than 78 hours later.
  package func age(at moment: MonotonicTime) -> UInt64 {
    (moment.nanoseconds &- intended) & Self.timeMask
  }

  static let timeMask: UInt64 = 1 << 48 - 1

  /// What it adds to the UDP checksum: a number and its 16-bit words have one remainder modulo
  /// 65535 (RFC 1071).
  fileprivate var sum: UInt64 {
    (sequence >> 32) &+ (sequence & 0xffff_ffff) &+ (intended >> 32) &+ (intended & 0xffff_ffff)
      &+ UInt64(lateness)
  }
}

/// What a received frame is.
package enum FrameVerdict: Sendable, Hashable {
  case ours(FrameStamp)
  /// Ours by nearly all of its header, but not as it was sent.
  case corrupt
  case foreign
}

/// The frame that one direction of one run sends again and again, and by which its receiver
/// knows it.
package struct FrameTemplate: Template, Hashable {
  package let bytes: [UInt8]
  package let run: UInt16
  private let constantSum: UInt64
  /// The UDP header without source port and checksum.
  private let endpoints: UInt64
  /// What every frame of ours begins with, in words.
  private let head: FrameHead

  /// A frame of `frameBytes`, at least ``FrameLayout/minimumBytes``, at most 65549.
  package init(frameBytes: Int, from source: MACAddress, to destination: MACAddress, run: UInt16) {
    precondition((FrameLayout.minimumBytes...65_549).contains(frameBytes))
    let total = UInt16(frameBytes - FrameLayout.ip)
    let length = UInt16(frameBytes - FrameLayout.udp)
    // Version and header length, no service class; total length; identification; don't fragment.
    // Time to live 1, UDP, checksum to come; 0.0.0.0 to 198.19.255.2.
    var ip: [UInt8] = [0x45, 0] + total.octets + run.octets + [0x40, 0]
    ip += [1, 17, 0, 0, 0, 0, 0, 0, 198, 19, 255, 2]
    let checksum = InternetChecksum.complement(InternetChecksum.sum(ip))
    ip.replaceSubrange(10..<12, with: checksum.octets)
    let udp = [0, 0] + FrameLayout.magicPort.octets + length.octets + [0, 0]
    let filler = (FrameLayout.filler..<frameBytes).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ 7) }
    let datagram = udp + [UInt8](repeating: 0, count: 18) + filler
    bytes = destination.octets + source.octets + [8, 0] + ip + datagram
    head = FrameHead(bytes)
    endpoints = UInt64(FrameLayout.magicPort) << 32 | UInt64(length) << 16
    self.run = run
    let pseudoHeader = Array(ip[12..<20]) + [0, 17] + length.octets
    constantSum = InternetChecksum.sum(pseudoHeader) + InternetChecksum.sum(datagram)
  }

  package var changing: Range<Int> { FrameLayout.udp..<FrameLayout.filler }

  /// Writes the hardware addresses, which is all that the other direction has different.
  package func writeAddresses(into frame: inout MutableRawSpan) {
    for offset in 0..<12 { frame.storeBigEndian(bytes[offset], at: offset) }
  }

  @inline(__always) package func imprint(_ stamp: FrameStamp, bytes: Int) -> FrameImprint {
    let port = FrameLayout.firstPort &+ UInt16(truncatingIfNeeded: stamp.flow)
    return FrameImprint(
      stamp, datagram: UInt64(port) << 48 | endpoints | UInt64(checksum(port, stamp)))
  }

  /// Tells what a frame is; every byte of it is looked at.
  package func classify(_ frame: RawSpan) -> FrameVerdict {
    guard frame.byteCount == bytes.count, FrameHead(frame) == head else {
      return classifyStranger(frame)
    }
    let times = frame.bigEndian(at: FrameLayout.intended, as: UInt64.self)
    let tail = frame.bigEndian(at: FrameLayout.intended + 8, as: UInt16.self)
    let port = frame.bigEndian(at: FrameLayout.udp, as: UInt16.self)
    let stamp = FrameStamp(
      flow: Int(port) - Int(FrameLayout.firstPort),
      sequence: frame.bigEndian(at: FrameLayout.sequence), intended: times >> 16,
      lateness: UInt32(truncatingIfNeeded: times << 16) | UInt32(tail))
    guard (0..<FrameLayout.flowLimit).contains(stamp.flow),
      frame.bigEndian(at: FrameLayout.udpChecksum) == checksum(port, stamp),
      bytes.count == FrameLayout.filler
        || frame.agrees(with: bytes, in: FrameLayout.filler..<bytes.count)
    else { return .corrupt }
    return .ours(stamp)
  }

  /// A frame whose header is not ours bit by bit: nearly ours is corrupt. Two strangers come near:
  /// another run's frames are only identification and checksum away, and those of the other
  /// direction have the addresses changed over.
  private func classifyStranger(_ frame: RawSpan) -> FrameVerdict {
    guard frame.byteCount >= FrameLayout.udp + 8 else { return .foreign }
    var distance = 0
    for offset in 0..<FrameLayout.udp {
      distance += (frame.bigEndian(at: offset, as: UInt8.self) ^ bytes[offset]).nonzeroBitCount
      if distance > Self.largestDistance { return .foreign }
    }
    let header = (0..<FrameLayout.udp).map { frame.bigEndian(at: $0, as: UInt8.self) }
    let ip = Array(header[FrameLayout.ip...])
    let isIntact = InternetChecksum.complement(InternetChecksum.sum(ip)) == 0
    let isOtherRun = frame.bigEndian(at: FrameLayout.identification, as: UInt16.self) != run
    let isOtherWay = header[..<6] == bytes[6..<12] && header[6..<12] == bytes[..<6]
    return isIntact && (isOtherRun || isOtherWay) ? .foreign : .corrupt
  }

  /// Bits by which addresses, type and IPv4 header of a corrupt frame may differ; a stranger's
  /// differ by about half of their 272.
  private static let largestDistance = 16

  @inline(__always) private func checksum(_ port: UInt16, _ stamp: FrameStamp) -> UInt16 {
    let value = InternetChecksum.complement(constantSum &+ UInt64(port) &+ stamp.sum)
    // In UDP a zero says that there is no checksum (RFC 768).
    return value == 0 ? 0xffff : value
  }
}

/// All of a frame that changes, as words.
package struct FrameImprint: StampImprint {
  /// The UDP header.
  private let datagram: UInt64
  private let sequence: UInt64
  /// Intended time and lateness are ten bytes in a row: eight, then two.
  private let times: UInt64
  private let tail: UInt16

  @inline(__always) fileprivate init(_ stamp: FrameStamp, datagram: UInt64) {
    self.datagram = datagram
    sequence = stamp.sequence
    times = stamp.intended << 16 | UInt64(stamp.lateness >> 16)
    tail = UInt16(truncatingIfNeeded: stamp.lateness)
  }

  @inline(__always) package func write(into frame: inout MutableRawSpan) {
    frame.storeBigEndian(datagram, at: FrameLayout.udp)
    frame.storeBigEndian(sequence, at: FrameLayout.sequence)
    frame.storeBigEndian(times, at: FrameLayout.intended)
    frame.storeBigEndian(tail, at: FrameLayout.intended + 8)
  }
}

/// All that stands before the UDP checksum of a frame but its flow, as words that compare at once.
private struct FrameHead: Sendable, Hashable {
  private let addresses: UInt64
  private let types: UInt64
  private let lengths: UInt64
  private let endpoints: UInt64
  private let end: UInt16
  private let datagram: UInt32

  init(_ frame: [UInt8]) {
    func word(_ bytes: Range<Int>) -> UInt64 { frame[bytes].reduce(0) { $0 << 8 | UInt64($1) } }
    addresses = word(0..<8)
    types = word(8..<16)
    lengths = word(16..<24)
    endpoints = word(24..<32)
    end = UInt16(word(32..<34))
    datagram = UInt32(word(FrameLayout.destinationPort..<FrameLayout.udpChecksum))
  }

  /// Of a frame of at least ``FrameLayout/minimumBytes``.
  @inline(__always) init(_ frame: RawSpan) {
    addresses = frame.bigEndian(at: 0)
    types = frame.bigEndian(at: 8)
    lengths = frame.bigEndian(at: 16)
    endpoints = frame.bigEndian(at: 24)
    end = frame.bigEndian(at: 32)
    datagram = frame.bigEndian(at: FrameLayout.destinationPort)
  }
}

/// The ones' complement sum of 16-bit words (RFC 1071).
enum InternetChecksum {
  static func sum(_ bytes: [UInt8]) -> UInt64 {
    var sum: UInt64 = 0
    for (index, byte) in bytes.enumerated() {
      sum += UInt64(byte) << (index.isMultiple(of: 2) ? 8 : 0)
    }
    return sum
  }

  @inline(__always) static func complement(_ sum: UInt64) -> UInt16 {
    // 64 bits make 33, those 18, those 17, and those 16: no more carries.
    var folded = (sum >> 32) &+ (sum & 0xffff_ffff)
    for _ in 0..<3 { folded = (folded >> 16) &+ (folded & 0xffff) }
    return ~UInt16(truncatingIfNeeded: folded)
  }
}
