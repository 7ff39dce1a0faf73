import CLinux
import Glibc
import SystemPackage

/// One queue of a device as an AF_XDP socket: its memory (UMEM), and the four rings through which
/// we and the kernel hand each other its frames.
///
/// The memory is two halves: frames to send, then frames to receive. Safe: it is mapped once and
/// unmapped after the socket is closed; the sender works on the transmit and completion rings and
/// the first half alone, the receiver on the fill and receive rings and the second half.
@safe final class XdpPort: @unchecked Sendable {
  /// Entries of each ring, and frames of each half.
  static let entries = 2048

  let device: String
  let queue: Int
  /// Bytes of each frame's place, a power of two: 2048, or a page.
  let chunkBytes: Int
  let isZerocopy: Bool
  let transmitRing: UnsafeMutablePointer<xsk_ring_prod>
  let fillRing: UnsafeMutablePointer<xsk_ring_prod>
  let receiveRing: UnsafeMutablePointer<xsk_ring_cons>
  let completionRing: UnsafeMutablePointer<xsk_ring_cons>
  /// Of the socket.
  private(set) var descriptor: CInt = -1

  private let memory: UnsafeMutableRawBufferPointer
  private var area: OpaquePointer?
  private var socket: OpaquePointer?

  /// The error of a queue that somebody else holds.
  static var busy: CInt { EBUSY }

  /// Opens the socket in the device's namespace. Needs `CAP_NET_RAW`, and `CAP_IPC_LOCK` for more
  /// memory than `RLIMIT_MEMLOCK`.
  ///
  /// - Throws: `SystemCallError`: `EINVAL` for a queue that the device lacks, `EBUSY` for one that
  ///   another program holds, `EOPNOTSUPP` for zero-copy where the driver has none.
  init(on device: NetworkDevice, queue: Int, _ settings: XdpDevice.Settings) throws {
    precondition(settings.frameBytes <= XdpDevice.frameLimit)
    self.device = device.name
    self.queue = queue
    isZerocopy = settings.zerocopy
    chunkBytes = settings.frameBytes + 256 <= 2048 ? 2048 : 4096
    let halves = (settings.sends ? 1 : 0) + (settings.receives ? 1 : 0)
    let bytes = max(1, halves) * Self.entries * chunkBytes
    let mapped = unsafe mmap(
      nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0)
    guard let mapped = unsafe mapped, unsafe mapped != MAP_FAILED else {
      throw SystemCallError(
        "mmap", Errno(rawValue: Glibc.errno), on: "\(bytes) bytes for AF_XDP")
    }
    unsafe memory = UnsafeMutableRawBufferPointer(start: mapped, count: bytes)
    unsafe transmitRing = .allocate(capacity: 1)
    unsafe fillRing = .allocate(capacity: 1)
    unsafe receiveRing = .allocate(capacity: 1)
    unsafe completionRing = .allocate(capacity: 1)
    unsafe transmitRing.initialize(to: xsk_ring_prod())
    unsafe fillRing.initialize(to: xsk_ring_prod())
    unsafe receiveRing.initialize(to: xsk_ring_cons())
    unsafe completionRing.initialize(to: xsk_ring_cons())
    try device.namespace.run { [self] in try open(device, settings) }
    if settings.receives { offerAll(from: settings.sends ? Self.entries : 0) }
  }

  deinit {
    if let socket = unsafe socket { unsafe xsk_socket__delete(socket) }
    if let area = unsafe area { unsafe xsk_umem__delete(area) }
    unsafe munmap(memory.baseAddress, memory.count)
    unsafe transmitRing.deallocate()
    unsafe fillRing.deallocate()
    unsafe receiveRing.deallocate()
    unsafe completionRing.deallocate()
  }

  private func open(_ device: NetworkDevice, _ settings: XdpDevice.Settings) throws {
    let entries = UInt32(Self.entries)
    // Twice the frames: the kernel shows what it received before it shows that it took the places.
    var layout = xsk_umem_config(
      fill_size: 2 * entries, comp_size: entries, frame_size: UInt32(chunkBytes), frame_headroom: 0,
      flags: 0)
    let made = unsafe xsk_umem__create(
      &area, memory.baseAddress, UInt64(memory.count), fillRing, completionRing, &layout)
    if made < 0 { throw failure("xsk_umem__create", -made, settings) }
    var options = xsk_socket_config()
    options.rx_size = entries
    options.tx_size = entries
    // libxdp's own program would stay behind a killed process; ours goes with its link.
    options.libxdp_flags = UInt32(XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD)
    options.bind_flags = UInt16(
      XDP_USE_NEED_WAKEUP | (settings.zerocopy ? XDP_ZEROCOPY : XDP_COPY))
    let latest = MonotonicTime.now() + Self.longestWait
    while true {
      let result = unsafe xsk_socket__create(
        &socket, device.name, UInt32(queue), area, settings.receives ? receiveRing : nil,
        settings.sends ? transmitRing : nil, &options)
      if result == 0 { break }
      // The kernel clears up behind a closed socket at its leisure.
      guard result == -EBUSY, MonotonicTime.now() < latest else {
        throw failure("bind(AF_XDP)", -result, settings)
      }
      (MonotonicTime.now() + 5_000_000).sleepUntil()
    }
    descriptor = unsafe xsk_socket__fd(socket)
    try prepare()
  }

  /// A buffer that holds nothing back, and all of a ring for one call, where the kernel can.
  private func prepare() throws(SystemCallError) {
    var bytes = CInt(64 << 20)
    let size = socklen_t(MemoryLayout<CInt>.size)
    try syscall("setsockopt(SO_SNDBUFFORCE)", on: device) {
      unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, size)
    }
    // Linux before 6.18 has not heard of it, and takes 32 frames a call.
    var budget = CInt(Self.entries)
    _ = unsafe setsockopt(
      descriptor, SOL_XDP, CInt(KVMTUNE_XDP_MAX_TX_SKB_BUDGET), &budget, size)
  }

  private func failure(_ call: String, _ error: CInt, _ settings: XdpDevice.Settings)
    -> SystemCallError
  {
    let remedy =
      switch error {
      case EBUSY: "another program holds the queue; end it"
      case EOPNOTSUPP where settings.zerocopy:
        "its driver has no zero-copy for AF_XDP; measure without zerocopy"
      case EINVAL: "it has no such queue, or its driver no room for AF_XDP"
      case EPERM, ENOBUFS: "locked memory is short; run with CAP_IPC_LOCK or raise 'ulimit -l'"
      case EAFNOSUPPORT, ENOPROTOOPT: "this kernel has no AF_XDP (CONFIG_XDP_SOCKETS)"
      default: "see af_xdp.rst"
      }
    return SystemCallError(
      call, Errno(rawValue: error), on: "queue \(queue) of \(device) (\(remedy))")
  }

  /// Nanoseconds that a queue may take to become free.
  private static let longestWait: UInt64 = 2_000_000_000

  // MARK: Rings

  /// The memory from an address of a descriptor on; nil if `count` bytes are not there.
  func bytes(at address: UInt64, count: Int) -> UnsafeMutableRawPointer? {
    guard let start = unsafe memory.baseAddress else { return nil }
    let room = unsafe memory.count
    guard address <= UInt64(room), count <= room - Int(address) else { return nil }
    return unsafe start + Int(address)
  }

  /// Gives the kernel all frames of the receiving half.
  private func offerAll(from first: Int) {
    var start: UInt32 = 0
    let count = unsafe xsk_ring_prod__reserve(fillRing, UInt32(Self.entries), &start)
    for number in 0..<count {
      unsafe xsk_ring_prod__fill_addr(fillRing, start &+ number).pointee =
        UInt64((first + Int(number)) * chunkBytes)
    }
    unsafe xsk_ring_prod__submit(fillRing, count)
  }

  /// `XDP_STATISTICS` of the socket: running totals.
  func statistics() throws(SystemCallError) -> xdp_statistics {
    var statistics = xdp_statistics()
    var size = socklen_t(MemoryLayout<xdp_statistics>.size)
    try syscall("getsockopt(XDP_STATISTICS)", on: device) {
      unsafe getsockopt(descriptor, SOL_XDP, XDP_STATISTICS, &statistics, &size)
    }
    return statistics
  }
}
