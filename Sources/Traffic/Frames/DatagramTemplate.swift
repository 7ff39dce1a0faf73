import Kernel

/// Where things stand in a datagram of ours, whose headers belong to the kernel and to whoever
/// rewrites them on the way. All numbers in network byte order.
///
/// | offset | bytes | |
/// |---|---|---|
/// | 0 | 1 | the magic, ``magic`` |
/// | 1 | 2 | the run |
/// | 3 | 1 | the flow |
/// | 4 | 5 | sequence within the flow, modulo 2⁴⁰ |
/// | 9 | 6 | intended time: CLOCK_MONOTONIC in nanoseconds, modulo 2⁴⁸ (78 hours) |
/// | 15 | 1 | sent time: microseconds after the intended one; 255 for that or more |
/// | 16 | 2 | Internet checksum of the payload (RFC 1071) |
/// | 18 | | filler |
///
/// That is what fits into a frame of 60 bytes, so that frames of a size compare with whole ones.
enum DatagramLayout {
  /// Bytes of Ethernet, IPv4 and UDP headers in front.
  static let headerBytes = 42
  static let magic: UInt64 = 0xb7
  static let flowLimit = 256

  static let flow = 3
  static let checksum = 16
  static let filler = 18
}

/// The datagram that one direction of one run sends again and again.
package struct DatagramTemplate: Template, Hashable {
  package let bytes: [UInt8]
  /// Magic and run, 24 bits.
  private let mark: UInt64
  private let fillerSum: UInt64

  /// The payload of a frame of `frameBytes`, at least ``FrameLayout/minimumBytes``, at most 65549.
  package init(frameBytes: Int, run: UInt16) {
    precondition((FrameLayout.minimumBytes...65_549).contains(frameBytes))
    let filler = (DatagramLayout.filler..<(frameBytes - DatagramLayout.headerBytes)).map {
      UInt8(truncatingIfNeeded: $0 &* 31 &+ 7)
    }
    bytes = [UInt8](repeating: 0, count: DatagramLayout.filler) + filler
    mark = DatagramLayout.magic << 16 | UInt64(run)
    fillerSum = InternetChecksum.sum(filler)
  }

  package static var headerBytes: Int { DatagramLayout.headerBytes }
  package var changing: Range<Int> { 0..<DatagramLayout.filler }

  package func imprint(_ stamp: FrameStamp, bytes: Int) -> DatagramImprint {
    let first = mark << 40 | UInt64(stamp.flow & 0xff) << 32 | (stamp.sequence >> 8) & 0xffff_ffff
    let lateness = UInt64(min(stamp.lateness / 1000, 255))
    let second = stamp.sequence << 56 | (stamp.intended & FrameStamp.timeMask) << 8 | lateness
    return DatagramImprint(first: first, second: second, checksum: checksum(first, second))
  }

  /// Addresses are the kernel's.
  package func writeAddresses(into datagram: inout MutableRawSpan) {}

  /// Tells what a datagram is; every byte of it is looked at. The kernel has thrown away those that
  /// do not agree with their UDP checksum.
  package func classify(_ datagram: RawSpan) -> FrameVerdict {
    guard datagram.byteCount == bytes.count else { return .foreign }
    let first = datagram.bigEndian(at: 0, as: UInt64.self)
    let second = datagram.bigEndian(at: 8, as: UInt64.self)
    let isIntact =
      datagram.bigEndian(at: DatagramLayout.checksum, as: UInt16.self) == checksum(first, second)
      && datagram.agrees(with: bytes, in: DatagramLayout.filler..<bytes.count)
    let distance = (first >> 40 ^ mark).nonzeroBitCount
    if !isIntact { return distance <= Self.largestDistance ? .corrupt : .foreign }
    if distance > 0 { return .foreign }
    return .ours(
      FrameStamp(
        flow: Int(first >> 32 & 0xff), sequence: (first & 0xffff_ffff) << 8 | second >> 56,
        intended: second >> 8 & FrameStamp.timeMask, lateness: UInt32(second & 0xff) * 1000))
  }

  /// Bits by which magic and run of a corrupt datagram may differ; a stranger's differ by about
  /// half of their 24.
  private static let largestDistance = 3

  private func checksum(_ first: UInt64, _ second: UInt64) -> UInt16 {
    InternetChecksum.complement(
      fillerSum &+ (first >> 32) &+ (first & 0xffff_ffff) &+ (second >> 32)
        &+ (second & 0xffff_ffff))
  }
}

/// All of a datagram that changes, as words.
package struct DatagramImprint: StampImprint {
  fileprivate let first: UInt64
  fileprivate let second: UInt64
  fileprivate let checksum: UInt16

  package func write(into datagram: inout MutableRawSpan) {
    datagram.storeBigEndian(first, at: 0)
    datagram.storeBigEndian(second, at: 8)
    datagram.storeBigEndian(checksum, at: DatagramLayout.checksum)
  }
}
