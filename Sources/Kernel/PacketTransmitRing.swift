import CLinux
import Glibc
import SystemPackage

/// A packet socket that only sends, from a ring that it shares with the kernel: TPACKET_V2
/// (packet_mmap.rst). One call hands over a batch, and every frame is tried once.
///
/// All of a small frame is declared to be its header (`PACKET_VNET_HDR` with `hdr_len` its length),
/// so that the kernel copies it into one piece. Otherwise only 14 bytes are, the rest stays a
/// reference to the ring, and what does not send it at once, such as veth and TAP, copies it to a
/// page of its own: that is slower than sendmmsg(2), this is faster.
///
/// Safe: the mapping lives as long as the ring, every slot has room for a frame, and a slot is
/// written only while it is ours (an acquire load of its status).
@safe package struct PacketTransmitRing: ~Copyable, @unchecked Sendable {
  private let descriptor: OwnedDescriptor
  private let device: String
  private let memory: UnsafeMutableRawPointer
  private let slotBytes: Int
  package let slotCount: Int
  /// Bytes of the largest frame.
  package let frameBytes: Int
  /// The slot that the kernel looks at next.
  private var next = 0
  private var places: FramePlaces

  /// Opens a ring in the device's namespace. Needs `CAP_NET_RAW` and `CAP_NET_ADMIN`.
  ///
  /// - Parameters:
  ///   - bypassingQdisc: as for ``PacketSocket``.
  ///   - frameBytes: of the largest frame that will be sent, 1 … 65549.
  ///   - bufferBytes: 4 KiB … 1 GiB, for frames on their way.
  package init(
    sendingOn device: NetworkDevice, bypassingQdisc: Bool, frameBytes: Int,
    bufferBytes: Int = 8 << 20
  ) throws {
    precondition((1...65_549).contains(frameBytes))
    let descriptor = try OwnedDescriptor(
      socketIn: device.namespace, AF_PACKET, CInt(SOCK_RAW.rawValue))
    try descriptor.bindPacket(to: device, protocol: 0)
    try descriptor.setOption(SOL_PACKET, PACKET_QDISC_BYPASS, bypassingQdisc ? 1 : 0)
    try descriptor.setOption(SOL_SOCKET, SO_SNDBUFFORCE, CInt(bufferBytes))
    try descriptor.setOption(SOL_PACKET, PACKET_VERSION, CInt(TPACKET_V2.rawValue))
    try descriptor.setOption(SOL_PACKET, PACKET_VNET_HDR, 1)
    try Self.checkSize(frameBytes, descriptor, device.name)
    var slotBytes = 128
    while slotBytes < Self.frameOffset + frameBytes { slotBytes *= 2 }
    // Both are powers of two, so that slots fill the blocks and follow each other without a gap.
    let blockBytes = max(slotBytes, 1 << 16)
    let slotCount = min(1024, Self.mostBytes / slotBytes)
    var request = tpacket_req()
    request.tp_block_size = UInt32(blockBytes)
    request.tp_block_nr = UInt32(slotCount * slotBytes / blockBytes)
    request.tp_frame_size = UInt32(slotBytes)
    request.tp_frame_nr = UInt32(slotCount)
    try descriptor.setOption(SOL_PACKET, PACKET_TX_RING, bytesOf: &request)
    let mapped = unsafe mmap(
      nil, slotCount * slotBytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
      descriptor.rawValue, 0)
    guard let mapped = unsafe mapped, unsafe mapped != MAP_FAILED else {
      throw SystemCallError("mmap", Errno(rawValue: Glibc.errno), on: "packet ring")
    }
    self.descriptor = descriptor
    self.device = device.name
    unsafe memory = mapped
    self.slotBytes = slotBytes
    self.slotCount = slotCount
    self.frameBytes = frameBytes
    places = FramePlaces(count: slotCount)
  }

  deinit { unsafe munmap(memory, slotBytes * slotCount) }

  /// Sends what the kernel takes at once. Throws `EMSGSIZE` above the MTU, `ENETDOWN`, `ENXIO`.
  ///
  /// A frame that queueing discipline or device refuses stays in its slot for another try at the
  /// next call; it is taken back instead, with all behind it, so that a refusal is one frame's.
  package mutating func send(_ batch: borrowing FrameBatch, _ frames: Range<Int>)
    throws(SystemCallError) -> SendOutcome
  {
    precondition(batch.frameBytes <= frameBytes)
    if next + frames.count >= slotCount { try Self.checkSize(frameBytes, descriptor, device) }
    let first = next
    var filled = 0
    var bytes = 0
    for index in frames {
      if filled == slotCount || !isFree(next) { break }
      bytes += fill(next, batch, index)
      unsafe kvmtune_store_release(status(next), UInt32(TP_STATUS_SEND_REQUEST))
      next = following(next)
      filled += 1
    }
    // The oldest slot is still on its way.
    if filled == 0 { return SendOutcome(accepted: 0, obstacle: frames.isEmpty ? nil : .full) }
    let result = Glibc.send(descriptor.rawValue, nil, 0, CInt(MSG_DONTWAIT))
    // It says how many bytes it took, virtio-net headers aside.
    if result == bytes && filled == frames.count { return SendOutcome(accepted: filled) }
    let error = result < 0 ? Glibc.errno : 0
    let accepted = takeBack(from: first, filled)
    if accepted == filled {
      return SendOutcome(accepted: accepted, obstacle: filled < frames.count ? .full : nil)
    }
    switch error {
    // A count of bytes, but not of all: there was no room for the next frame.
    case 0, EAGAIN, EINTR: return SendOutcome(accepted: accepted, obstacle: .full)
    case ENOBUFS: return SendOutcome(accepted: accepted, obstacle: .refused)
    default: throw SystemCallError("send", Errno(rawValue: error), on: device)
    }
  }

  /// Waits until there is a free slot, at most so long.
  package func waitForRoom(milliseconds: Int) {
    descriptor.wait(for: Int16(POLLOUT), milliseconds: milliseconds)
  }

  /// - Returns: the bytes of the frame.
  @inline(__always)
  private mutating func fill(_ slot: Int, _ batch: borrowing FrameBatch, _ index: Int) -> Int {
    let start = unsafe memory + slot * slotBytes
    let bytes = unsafe places.copy(index, of: batch, to: slot, at: start + Self.frameOffset)
    unsafe start.storeBytes(
      of: UInt32(Self.headerBytes + bytes), toByteOffset: 4, as: UInt32.self)
    // struct virtio_net_hdr: `hdr_len` is its third byte and the next, native here.
    unsafe start.storeBytes(
      of: bytes <= Self.longestPiece ? UInt16(bytes) : 0, toByteOffset: Self.dataOffset + 2,
      as: UInt16.self)
    return bytes
  }

  /// Makes slots ours again that the kernel did not take; it stays at the first of them.
  ///
  /// - Returns: how many it took.
  private mutating func takeBack(from first: Int, _ filled: Int) -> Int {
    var slot = first
    var taken = 0
    while taken < filled, unsafe kvmtune_load_acquire(status(slot)) & Self.waiting == 0 {
      slot = following(slot)
      taken += 1
    }
    next = slot
    for _ in taken..<filled {
      unsafe kvmtune_store_release(status(slot), UInt32(TP_STATUS_AVAILABLE))
      slot = following(slot)
    }
    return taken
  }

  /// With a virtio-net header the kernel leaves it to the device to refuse what is too large; asked
  /// once a round of the ring.
  private static func checkSize(
    _ frameBytes: Int, _ descriptor: borrowing OwnedDescriptor, _ device: String
  ) throws(SystemCallError) {
    let socket = descriptor.rawValue
    var request = unsafe ifreq()
    unsafe withUnsafeMutableBytes(of: &request.ifr_ifrn.ifrn_name) {
      unsafe $0.copyBytes(from: device.utf8)
    }
    try syscall("ioctl(SIOCGIFMTU)", on: device) {
      unsafe kvmtune_ioctl(socket, UInt(SIOCGIFMTU), &request)
    }
    let mtu = unsafe Int(request.ifr_ifru.ifru_mtu)
    guard frameBytes <= mtu + Int(ETH_HLEN) else {
      throw SystemCallError("send", .messageTooLong, on: device)
    }
  }

  private func following(_ slot: Int) -> Int { slot + 1 == slotCount ? 0 : slot + 1 }

  @inline(__always) private func isFree(_ slot: Int) -> Bool {
    // Bits of time stamps may stand beside.
    unsafe kvmtune_load_acquire(status(slot)) & (Self.waiting | UInt32(TP_STATUS_SENDING)) == 0
  }

  /// `tp_status`, the first word of struct tpacket2_hdr; `tp_len` is the second.
  private func status(_ slot: Int) -> UnsafeMutablePointer<UInt32> {
    unsafe (memory + slot * slotBytes).assumingMemoryBound(to: UInt32.self)
  }

  /// The kernel has not taken the frame, or found it wrong.
  private static let waiting = UInt32(TP_STATUS_SEND_REQUEST) | UInt32(TP_STATUS_WRONG_FORMAT)

  /// Of the memory of a ring.
  private static let mostBytes = 16 << 20

  /// Bytes of frames that the kernel has room for in one piece.
  private static let longestPiece = 2048

  /// Where the virtio-net header begins in its slot: TPACKET2_HDRLEN − sizeof(struct sockaddr_ll).
  private static let dataOffset = (MemoryLayout<tpacket2_hdr>.size + 15) / 16 * 16
  /// Bytes of struct virtio_net_hdr.
  private static let headerBytes = 10
  /// Where the frame begins behind it.
  private static let frameOffset = dataOffset + headerBytes
}
