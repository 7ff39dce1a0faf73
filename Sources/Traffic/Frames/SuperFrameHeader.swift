import Kernel

/// What stands in front of the segments of a super-frame: Ethernet II, IPv4, UDP, as in
/// ``FrameLayout``, but for the identification, which the kernel counts up from segment to segment.
/// Each segment is a datagram of ``DatagramLayout``, so that it is known wherever it is cut off.
struct SuperFrameHeader: Sendable {
  static let bytes = DatagramLayout.headerBytes
  /// The most bytes of a super-frame with its headers that every device takes whole: one below
  /// `gso_max_size` of those that do not speak of IPv6 jumbograms.
  static let mostBytes = 65_535

  /// The most frames of so many bytes that one super-frame holds. What is sent from our memory lies
  /// in as many parts of pages as a buffer of the kernel has room for, `MAX_SKB_FRAGS`.
  static func mostSegments(frameBytes: Int, zerocopy: Bool = false) -> Int {
    let payload = frameBytes - bytes
    let most = (mostBytes - bytes) / payload
    return zerocopy ? min(most, 17 / ((payload + 4094) / 4096 + 1)) : most
  }

  private let header: [UInt8]
  private let payloadBytes: Int

  /// - Parameters:
  ///   - frameBytes: of each frame on the wire.
  ///   - segments: of one super-frame.
  init(frameBytes: Int, segments: Int, from source: MACAddress, to destination: MACAddress) {
    payloadBytes = frameBytes - Self.bytes
    let datagram = UInt16(clamping: 8 + payloadBytes * segments)
    let total = UInt16(clamping: 28 + payloadBytes * segments)
    var ip: [UInt8] = [0x45, 0] + total.octets + [0, 0, 0x40, 0]
    ip += [1, 17, 0, 0, 0, 0, 0, 0, 198, 19, 255, 2]
    let checksum = InternetChecksum.complement(InternetChecksum.sum(ip))
    ip.replaceSubrange(10..<12, with: checksum.octets)
    // What a device that computes checksums expects: the sum of the pseudo-header alone.
    let pseudoHeader = Array(ip[12..<20]) + [0, 17] + datagram.octets
    let partial = ~InternetChecksum.complement(InternetChecksum.sum(pseudoHeader))
    header =
      destination.octets + source.octets + [8, 0] + ip + FrameLayout.firstPort.octets
      + FrameLayout.magicPort.octets + datagram.octets + partial.octets
  }

  /// The heads of so many flows, each behind a virtio-net header: checksum to be computed, UDP to be
  /// cut (virtio 1.2, 5.1.6.2).
  ///
  /// - Parameter virtioBytes: of that header, 10 or 12.
  func heads(flows: Int, virtioBytes: Int) -> [[UInt8]] {
    func little(_ value: Int) -> [UInt8] {
      [UInt8(truncatingIfNeeded: value), UInt8(truncatingIfNeeded: value >> 8)]
    }
    let needsChecksum: UInt8 = 1
    let udpSegmentation: UInt8 = 5
    var virtio: [UInt8] = [needsChecksum, udpSegmentation] + little(Self.bytes)
    virtio += little(payloadBytes) + little(FrameLayout.udp) + little(6)
    virtio += [UInt8](repeating: 0, count: virtioBytes - virtio.count)
    return (0..<flows).map { flow in
      var head = header
      head.replaceSubrange(
        FrameLayout.udp..<FrameLayout.destinationPort,
        with: (FrameLayout.firstPort &+ UInt16(truncatingIfNeeded: flow)).octets)
      return virtio + head
    }
  }

  /// Gives `body` what one received frame, a super-frame or not, holds of ours: segment by segment;
  /// all of it if it is none.
  func split(_ frame: RawSpan, _ body: (RawSpan) -> Void) {
    let payload = frame.byteCount - Self.bytes
    guard payload > 0, payload % payloadBytes == 0,
      frame.agrees(with: header, in: 0..<FrameLayout.ip + 2),
      frame.agrees(with: header, in: 22..<24), frame.agrees(with: header, in: 26..<34),
      frame.agrees(with: header, in: FrameLayout.destinationPort..<FrameLayout.destinationPort + 2)
    else {
      body(frame)
      return
    }
    var offset = Self.bytes
    while offset < frame.byteCount {
      body(frame.extracting(offset..<offset + payloadBytes))
      offset += payloadBytes
    }
  }
}

/// Receives super-frames, whole or already cut, segment by segment.
struct SuperFrameSource<Base: FrameSource & ~Copyable>: FrameSource, ~Copyable {
  typealias Template = DatagramTemplate
  static var hop: String { Base.hop }
  private var base: Base
  private let header: SuperFrameHeader
  private let prepare: (@Sendable (Bool) throws(SystemCallError) -> Void)?

  /// - Parameter prepare: makes the device ready for super-frames, or no more.
  init(
    _ base: consuming sending Base, _ header: SuperFrameHeader,
    prepare: (@Sendable (Bool) throws(SystemCallError) -> Void)? = nil
  ) {
    self.base = base
    self.header = header
    self.prepare = prepare
  }

  func setListening(_ on: Bool) throws(SystemCallError) {
    try prepare?(on)
    try base.setListening(on)
  }

  mutating func receive(waiting milliseconds: Int, _ body: (RawSpan, MonotonicTime) -> Void)
    throws(SystemCallError) -> Int
  {
    try base.receive(waiting: milliseconds) { frame, time in
      header.split(frame) { body($0, time) }
    }
  }

  mutating func takeDrops() throws(SystemCallError) -> UInt64 { try base.takeDrops() }
}

extension SuperFrameSocket: FrameSink { package typealias Template = DatagramTemplate }
extension SuperFrameQueue: FrameSink { package typealias Template = DatagramTemplate }
extension SuperDatagramSink: FrameSink { package typealias Template = DatagramTemplate }

extension SuperDatagramInbox: FrameSource {
  package typealias Template = DatagramTemplate
  package static var hop: String { DatagramInbox.hop }
}
