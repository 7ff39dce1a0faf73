import CLinux
import Glibc
import SystemPackage

/// A packet socket with a ring that the kernel fills block by block: TPACKET_V3 (packet_mmap.rst).
///
/// Safe: the mapping lives as long as the ring, a block is read only while the kernel has handed
/// it over (an acquire load of its status), and every offset inside is checked against the block.
@safe package struct PacketRing: ~Copyable, @unchecked Sendable {
  private let descriptor: OwnedDescriptor
  private let memory: UnsafeMutableRawPointer
  private let blockBytes: Int
  private let blockCount: Int
  private var next = 0

  /// How long the kernel keeps a block that is not full, in milliseconds.
  package static let retireMilliseconds = 1

  /// Opens a ring in the device's namespace. It begins deaf. Needs `CAP_NET_RAW`.
  ///
  /// - Parameters:
  ///   - blockBytes: a power of two from the page size, and above the largest frame.
  ///   - fanout: the rings of the device that share its frames.
  package init(
    on device: NetworkDevice, blockBytes: Int = 1 << 18, blockCount: Int = 64,
    fanout: FanoutGroup? = nil
  ) throws {
    let descriptor = try OwnedDescriptor(
      socketIn: device.namespace, AF_PACKET, CInt(SOCK_RAW.rawValue))
    try descriptor.setListening(false)
    try descriptor.setOption(SOL_PACKET, PACKET_VERSION, CInt(TPACKET_V3.rawValue))
    try descriptor.setOption(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    var request = tpacket_req3()
    request.tp_block_size = UInt32(blockBytes)
    request.tp_block_nr = UInt32(blockCount)
    request.tp_frame_size = 2048
    request.tp_frame_nr = UInt32(blockBytes / 2048 * blockCount)
    request.tp_retire_blk_tov = UInt32(Self.retireMilliseconds)
    try descriptor.setOption(SOL_PACKET, PACKET_RX_RING, bytesOf: &request)
    try descriptor.bindPacket(to: device, protocol: UInt16(ETH_P_ALL))
    try fanout?.add(descriptor)
    let mapped = unsafe mmap(
      nil, blockBytes * blockCount, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
      descriptor.rawValue, 0)
    guard let mapped = unsafe mapped, unsafe mapped != MAP_FAILED else {
      throw SystemCallError("mmap", Errno(rawValue: Glibc.errno), on: "packet ring")
    }
    self.descriptor = descriptor
    unsafe memory = mapped
    self.blockBytes = blockBytes
    self.blockCount = blockCount
  }

  deinit { unsafe munmap(memory, blockBytes * blockCount) }

  /// Lets frames in, or keeps them out: a parked ring costs next to nothing.
  package func setListening(_ on: Bool) throws(SystemCallError) { try descriptor.setListening(on) }

  /// Hands over the frames of the blocks that are ready, at most one round of the ring; waits
  /// first if there is none.
  ///
  /// - Parameter milliseconds: how long to wait, 0 not at all.
  /// - Returns: how many frames `body` was given, each with the time the kernel received it.
  package mutating func receive(
    waiting milliseconds: Int, _ body: (RawSpan, MonotonicTime) -> Void
  ) throws(SystemCallError) -> Int {
    if milliseconds > 0 && !isReady(next) {
      descriptor.wait(for: Int16(POLLIN), milliseconds: milliseconds)
    }
    // The kernel stamps frames with the wall clock; the two clocks are read side by side.
    let epoch = MonotonicTime.sinceEpoch() &- MonotonicTime.now().nanoseconds
    var taken = 0
    for _ in 0..<blockCount {
      guard isReady(next) else { break }
      taken += try readBlock(next, epoch: epoch, body)
      unsafe kvmtune_store_release(status(next), UInt32(TP_STATUS_KERNEL))
      next = next + 1 == blockCount ? 0 : next + 1
    }
    return taken
  }

  /// Frames that found the ring full since the last call (`PACKET_STATISTICS`).
  package func takeDrops() throws(SystemCallError) -> UInt64 {
    var statistics = tpacket_stats_v3()
    try descriptor.readOption(SOL_PACKET, PACKET_STATISTICS, into: &statistics)
    return UInt64(statistics.tp_drops)
  }

  private func readBlock(
    _ index: Int, epoch: UInt64, _ body: (RawSpan, MonotonicTime) -> Void
  ) throws(SystemCallError) -> Int {
    let block = unsafe memory + index * blockBytes
    let header = unsafe block.load(as: tpacket_block_desc.self).hdr.bh1
    var offset = Int(header.offset_to_first_pkt)
    for _ in 0..<header.num_pkts {
      guard offset >= 0, offset + MemoryLayout<tpacket3_hdr>.size <= blockBytes else {
        throw malformed
      }
      let frame = unsafe block.load(fromByteOffset: offset, as: tpacket3_hdr.self)
      let start = offset + Int(frame.tp_mac)
      guard start + Int(frame.tp_snaplen) <= blockBytes else { throw malformed }
      let bytes = unsafe RawSpan(_unsafeStart: block + start, byteCount: Int(frame.tp_snaplen))
      let wall = UInt64(frame.tp_sec) * 1_000_000_000 + UInt64(frame.tp_nsec)
      body(bytes, MonotonicTime(nanoseconds: wall &- epoch))
      offset += Int(frame.tp_next_offset)
    }
    return Int(header.num_pkts)
  }

  private var malformed: SystemCallError {
    SystemCallError("TPACKET_V3", Errno(rawValue: EPROTO), on: "a frame outside its block")
  }

  private func isReady(_ index: Int) -> Bool {
    unsafe kvmtune_load_acquire(status(index)) & UInt32(TP_STATUS_USER) != 0
  }

  private func status(_ index: Int) -> UnsafeMutablePointer<UInt32> {
    // `block_status` is the first word behind version and private offset (struct tpacket_block_desc).
    unsafe (memory + index * blockBytes + 8).assumingMemoryBound(to: UInt32.self)
  }
}
