import CLinux
import Glibc
import SystemPackage

/// What we send on one queue of a device through AF_XDP.
///
/// A frame is accepted when the kernel may take it from the ring. In copy mode that is while we
/// kick it, so that a call seldom leaves one behind; ``drain()`` sees to those. Frames pass by the
/// queueing discipline, and what the driver drops then is counted by the device.
/// Safe: a place in memory is written only while it is ours: between its completion and its offer.
@safe package struct XdpSender: ~Copyable, @unchecked Sendable {
  private let owner: XdpDevice
  private let port: XdpPort
  /// Addresses of the places that are ours, the one used last on top: it is still in the cache.
  private let free: UnsafeMutablePointer<UInt64>
  private var freeCount: Int
  private var places = FramePlaces(count: XdpPort.entries)

  /// Takes the transmit rings of a queue, which no other sender has.
  package init(_ device: XdpDevice, queue: Int) throws {
    port = try device.takeSender(queue)
    owner = device
    freeCount = XdpPort.entries
    unsafe free = .allocate(capacity: XdpPort.entries)
    // Not all at the beginning of a page: those would be rivals for a few lines of the cache.
    let lines = (port.chunkBytes - device.frameBytes) / 64 + 1
    for number in 0..<XdpPort.entries {
      unsafe free[number] = UInt64(number * port.chunkBytes + number % lines * 64)
    }
  }

  deinit { unsafe free.deallocate() }

  /// Puts frames into the ring until it is full, and kicks the kernel until it has taken them.
  ///
  /// Throws `ENETDOWN` if the device is down, `ENXIO` if it is gone.
  package mutating func send(_ batch: borrowing FrameBatch, _ frames: Range<Int>)
    throws(SystemCallError) -> SendOutcome
  {
    takeCompleted()
    // The kernel may have given places back, and tell only at its next call that it took their entries.
    let room = unsafe Int(xsk_prod_nb_free(port.transmitRing, UInt32(freeCount)))
    let count = min(frames.count, freeCount, room)
    var start: UInt32 = 0
    if count > 0 {
      let reserved = unsafe xsk_ring_prod__reserve(port.transmitRing, UInt32(count), &start)
      precondition(reserved == count, "the ring has so many entries")
      for index in 0..<count {
        freeCount -= 1
        let address = unsafe free[freeCount]
        guard let memory = unsafe port.bytes(at: address, count: batch.frameBytes) else {
          preconditionFailure("places lie in the memory")
        }
        let place = Int(address) >> port.chunkBytes.trailingZeroBitCount
        let bytes = unsafe places.copy(
          frames.lowerBound + index, of: batch, to: place, at: memory)
        let descriptor = unsafe xsk_ring_prod__tx_desc(
          port.transmitRing, start &+ UInt32(truncatingIfNeeded: index))
        unsafe descriptor?.pointee = xdp_desc(
          addr: address, len: UInt32(truncatingIfNeeded: bytes), options: 0)
      }
      unsafe xsk_ring_prod__submit(port.transmitRing, UInt32(count))
    }
    let waits = try kick()
    return SendOutcome(
      accepted: count, obstacle: count < frames.count ? .full : nil, waits: waits)
  }

  /// Waits until a frame may be taken, at most so long.
  package func waitForRoom(milliseconds: Int) {
    var request = pollfd(fd: port.descriptor, events: Int16(POLLOUT), revents: 0)
    unsafe poll(&request, 1, CInt(milliseconds))
    OSThread.giveWay()
  }

  /// Waits until the kernel has given back every frame, which the driver has sent by then.
  ///
  /// - Returns: true, as this took time.
  /// - Throws: `ETIMEDOUT` if it has not even taken them after a second.
  package mutating func drain() throws(SystemCallError) -> Bool {
    let latest = MonotonicTime.now() + 1_000_000_000
    while true {
      takeCompleted()
      if freeCount == XdpPort.entries { return true }
      _ = try kick()
      if MonotonicTime.now() >= latest { break }
      OSThread.giveWay()
    }
    let left = untaken
    if left > 0 {
      throw SystemCallError(
        "drain AF_XDP", Errno(rawValue: ETIMEDOUT),
        on: "queue \(port.queue) of \(port.device): the driver leaves \(left) frames in the ring")
    }
    return true
  }

  /// Makes the kernel take what is in the ring, as long as it gets on.
  ///
  /// - Returns: how often it put us off: `EAGAIN` (its budget is used up, or the driver is busy),
  ///   `EBUSY` (the driver dropped a frame) or `ENOBUFS`.
  private mutating func kick() throws(SystemCallError) -> Int {
    guard unsafe xsk_ring_prod__needs_wakeup(port.transmitRing) != 0 else { return 0 }
    var waits = 0
    var before = untaken
    while before > 0 {
      if sendto(port.descriptor, nil, 0, CInt(MSG_DONTWAIT), nil, 0) >= 0 { break }
      switch Glibc.errno {
      case EAGAIN, EBUSY, ENOBUFS, EINTR: waits += 1
      case let error: throw SystemCallError("sendto", Errno(rawValue: error), on: port.device)
      }
      let now = untaken
      if now == before { break }
      before = now
    }
    return waits
  }

  /// Frames in the ring that the kernel has not taken.
  private var untaken: UInt32 {
    let consumed = unsafe kvmtune_load_acquire(port.transmitRing.pointee.consumer)
    return unsafe port.transmitRing.pointee.producer.pointee &- consumed
  }

  private mutating func takeCompleted() {
    var start: UInt32 = 0
    let count = unsafe xsk_ring_cons__peek(
      port.completionRing, UInt32(XdpPort.entries - freeCount), &start)
    guard count > 0 else { return }
    for number in 0..<count {
      let address = unsafe xsk_ring_cons__comp_addr(port.completionRing, start &+ number).pointee
      unsafe free[freeCount] = address
      freeCount += 1
    }
    unsafe xsk_ring_cons__release(port.completionRing, count)
  }
}
