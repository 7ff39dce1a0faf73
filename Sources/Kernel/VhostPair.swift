import CLinux
import Glibc
import SystemPackage

/// One queue pair of a phantom guest's virtio NIC: a descriptor of `/dev/vhost-net` with its worker
/// in the kernel, and the memory that the worker sees as the guest's.
///
/// That memory holds the rings and buffers of both directions; its guest-physical addresses are
/// our own. Safe: it is mapped once and unmapped after the descriptor is closed, which ends the
/// worker's use of it; the rings of the two directions lie apart.
@safe final class VhostPair: @unchecked Sendable {
  /// What the driver of any guest agrees upon. Offloads are the TAP's, which has none.
  static let features: UInt64 =
    1 << VIRTIO_F_VERSION_1 | 1 << VIRTIO_RING_F_EVENT_IDX | 1 << VIRTIO_NET_F_MRG_RXBUF

  /// The queue of the TAP, or the packet socket, that the worker reads and writes.
  let backend: CInt
  /// Of each ring: a power of two, 1 … 32768.
  let entries: Int
  private let buffers: [VirtioQueue.Role: Int]
  private let descriptor: CInt
  private let memory: UnsafeMutableRawBufferPointer

  /// - Parameters:
  ///   - frameBytes: of the frames that are sent, and of most that are received.
  ///   - addsHeader: the backend has no virtio-net headers: the worker adds and takes them.
  /// - Throws: `SystemCallError`: `ENOENT`, `EACCES`, `ENOMEM`, `EOPNOTSUPP` without ``features``.
  init(backend: CInt, entries: Int, frameBytes: Int, addsHeader: Bool) throws(SystemCallError) {
    let path = "/dev/vhost-net"
    let descriptor = try syscall("open", on: "\(path) ('modprobe vhost_net' makes it)") {
      unsafe kvmtune_open(path, O_RDWR | O_CLOEXEC, 0)
    }
    let headed = (TapDevice.headerBytes + frameBytes + 63) / 64 * 64
    // As Linux's own driver: a frame of the usual MTU, at most a page; more takes several buffers.
    let buffers = [VirtioQueue.Role.receive: min(max(headed, 1536), 4096), .transmit: headed]
    let bytes = buffers.values.map { VirtioQueue.byteCount(entries: entries, buffer: $0) }
      .reduce(0, +)
    let mapped = unsafe mmap(
      nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0)
    guard unsafe mapped != MAP_FAILED else {
      let failure = Errno(rawValue: Glibc.errno)
      close(descriptor)
      throw SystemCallError("mmap", failure, on: "\(bytes) bytes of guest memory")
    }
    self.backend = backend
    self.entries = entries
    self.buffers = buffers
    self.descriptor = descriptor
    unsafe memory = UnsafeMutableRawBufferPointer(start: mapped, count: bytes)
    try agree(addsHeader ? Self.features | 1 << VHOST_NET_F_VIRTIO_NET_HDR : Self.features)
  }

  deinit {
    close(descriptor)
    unsafe munmap(memory.baseAddress, memory.count)
  }

  private func agree(_ wanted: UInt64) throws(SystemCallError) {
    try syscall("ioctl(VHOST_SET_OWNER)") {
      kvmtune_ioctl(descriptor, UInt(KVMTUNE_VHOST_SET_OWNER), nil)
    }
    var features: UInt64 = 0
    try request("VHOST_GET_FEATURES", UInt(KVMTUNE_VHOST_GET_FEATURES), &features)
    guard features & wanted == wanted else {
      throw SystemCallError(
        "ioctl(VHOST_GET_FEATURES)", .notSupportedOnSocket,
        on:
          "0x\(String(features, radix: 16)) lacks virtio 1, event index, merged buffers or headers")
    }
    features = wanted
    try request("VHOST_SET_FEATURES", UInt(KVMTUNE_VHOST_SET_FEATURES), &features)
    let start = UInt64(UInt(bitPattern: unsafe memory.baseAddress))
    let region = vhost_memory_region(
      guest_phys_addr: start, memory_size: UInt64(unsafe memory.count), userspace_addr: start,
      flags_padding: 0)
    var table = kvmtune_vhost_memory(regions: 1, padding: 0, region: region)
    try request("VHOST_SET_MEM_TABLE", UInt(KVMTUNE_VHOST_SET_MEM_TABLE), &table)
  }

  /// Bytes of each buffer of a ring.
  func bufferBytes(_ role: VirtioQueue.Role) -> Int { buffers[role] ?? 0 }

  /// The guest memory of one ring and its buffers.
  func memory(of role: VirtioQueue.Role) -> UnsafeMutableRawBufferPointer {
    let (first, count) = (VirtioQueue.Role.receive, bufferBytes(role))
    let start =
      role == first ? 0 : VirtioQueue.byteCount(entries: entries, buffer: bufferBytes(first))
    let end = start + VirtioQueue.byteCount(entries: entries, buffer: count)
    return unsafe UnsafeMutableRawBufferPointer(rebasing: memory[start..<end])
  }

  /// An ioctl(2) that reads or writes one C value.
  func request<Value: BitwiseCopyable>(_ name: String, _ number: UInt, _ value: inout Value)
    throws(SystemCallError)
  {
    try syscall("ioctl(\(name))") { unsafe kvmtune_ioctl(descriptor, number, &value) }
  }
}
