import CLinux
import Glibc
import SystemPackage

/// One direction of a queue pair as the kernel's worker knows it: where the ring is, and the event
/// descriptors with which we kick the worker and it calls us.
///
/// Safe: the pair keeps the memory; nothing here changes after `init`, and the one end that made
/// the ring works on its memory.
@safe final class VhostRing: @unchecked Sendable {
  private let pair: VhostPair
  private let role: VirtioQueue.Role
  private let kick: OwnedDescriptor
  private let call: OwnedDescriptor
  private let memory: UnsafeMutableRawBufferPointer

  /// Tells the worker about the ring, which is empty. The worker has no backend yet.
  ///
  /// - Throws: `SystemCallError`: `EBUSY` if the pair has this ring already, and it is attached.
  init(_ pair: VhostPair, _ role: VirtioQueue.Role) throws(SystemCallError) {
    self.pair = pair
    self.role = role
    kick = try Self.eventDescriptor()
    call = try Self.eventDescriptor()
    unsafe memory = unsafe pair.memory(of: role)
    let index = role.rawValue
    var calls = vhost_vring_file(index: index, fd: call.rawValue)
    try pair.request("VHOST_SET_VRING_CALL", UInt(KVMTUNE_VHOST_SET_VRING_CALL), &calls)
    var size = vhost_vring_state(index: index, num: UInt32(pair.entries))
    try pair.request("VHOST_SET_VRING_NUM", UInt(KVMTUNE_VHOST_SET_VRING_NUM), &size)
    var base = vhost_vring_state(index: index, num: 0)
    try pair.request("VHOST_SET_VRING_BASE", UInt(KVMTUNE_VHOST_SET_VRING_BASE), &base)
    let start = unsafe UInt64(UInt(bitPattern: memory.baseAddress))
    var places = vhost_vring_addr(
      index: index, flags: 0, desc_user_addr: start,
      used_user_addr: start + UInt64(VirtioQueue.usedOffset(entries: pair.entries)),
      avail_user_addr: start + UInt64(VirtioQueue.availableOffset(entries: pair.entries)),
      log_guest_addr: 0)
    try pair.request("VHOST_SET_VRING_ADDR", UInt(KVMTUNE_VHOST_SET_VRING_ADDR), &places)
    var kicks = vhost_vring_file(index: index, fd: kick.rawValue)
    try pair.request("VHOST_SET_VRING_KICK", UInt(KVMTUNE_VHOST_SET_VRING_KICK), &kicks)
  }

  deinit { try? attach(false) }

  /// The driver's side of the ring. For one end, once.
  func makeQueue() -> VirtioQueue {
    unsafe VirtioQueue(
      entries: pair.entries, bufferBytes: pair.bufferBytes(role), role, memory: memory)
  }

  /// Lets the worker take frames from the TAP, or write them there; or keeps it from doing so, and
  /// waits until it has stopped. Both may be told again.
  func attach(_ on: Bool) throws(SystemCallError) {
    var file = vhost_vring_file(index: role.rawValue, fd: on ? pair.backend : VHOST_FILE_UNBIND)
    try pair.request("VHOST_NET_SET_BACKEND", UInt(KVMTUNE_VHOST_NET_SET_BACKEND), &file)
  }

  /// Wakes the worker up.
  func notify() throws(SystemCallError) {
    var one: UInt64 = 1
    try syscall("write", on: "the kick of a vhost ring") { unsafe write(kick.rawValue, &one, 8) }
  }

  /// Waits until the worker of one of the rings calls, at most so long.
  static func waitForCall(_ rings: [VhostRing], milliseconds: Int) {
    var requests = rings.map { pollfd(fd: $0.call.rawValue, events: Int16(POLLIN), revents: 0) }
    guard unsafe poll(&requests, nfds_t(requests.count), CInt(milliseconds)) > 0 else { return }
    for request in requests where request.revents != 0 {
      var calls: UInt64 = 0
      _ = unsafe read(request.fd, &calls, 8)
    }
  }

  private static func eventDescriptor() throws(SystemCallError) -> OwnedDescriptor {
    OwnedDescriptor(
      adopting: try syscall("eventfd") {
        eventfd(0, CInt(EFD_CLOEXEC) | CInt(EFD_NONBLOCK))
      })
  }
}
