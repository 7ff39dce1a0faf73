import CLinux

/// The receiving side of a UDP socket that takes datagrams joined by the kernel as they are
/// (udp(7), `UDP_GRO`), and hands them over one by one.
///
/// Safe: the memory is allocated once, freed once; recvmmsg(2) is told the size of every part, and
/// what it says it wrote is checked against that.
@safe package struct SuperDatagramInbox: ~Copyable, @unchecked Sendable {
  private let socket: DatagramSocket
  private var drops: SocketDrops
  private let memory: UnsafeMutableRawPointer
  private let controls: UnsafeMutableRawPointer
  private let vectors: UnsafeMutablePointer<iovec>
  private let messages: UnsafeMutablePointer<kvmtune_mmsghdr>

  /// Messages of one call, and bytes of each.
  private static let capacity = 32
  private static let stride = 65_536
  /// One control message with a number of 32 bits, `CMSG_SPACE(4)`.
  private static let controlBytes = 24

  package init(_ socket: DatagramSocket) throws(SystemCallError) {
    try socket.descriptor.setOption(CInt(IPPROTO_UDP), KVMTUNE_UDP_GRO, 1)
    self.socket = socket
    drops = SocketDrops()
    unsafe memory = .allocate(byteCount: Self.capacity * Self.stride, alignment: 4096)
    unsafe controls = .allocate(byteCount: Self.capacity * Self.controlBytes, alignment: 8)
    unsafe vectors = .allocate(capacity: Self.capacity)
    unsafe messages = .allocate(capacity: Self.capacity)
    for index in 0..<Self.capacity {
      unsafe (vectors + index).initialize(
        to: iovec(iov_base: memory + index * Self.stride, iov_len: Self.stride))
      var message = unsafe kvmtune_mmsghdr()
      unsafe message.header.msg_iov = unsafe vectors + index
      unsafe message.header.msg_iovlen = 1
      unsafe message.header.msg_control = unsafe controls + index * Self.controlBytes
      unsafe (messages + index).initialize(to: message)
    }
  }

  deinit {
    unsafe messages.deallocate()
    unsafe vectors.deallocate()
    unsafe controls.deallocate()
    unsafe memory.deallocate()
  }

  package func setListening(_ on: Bool) throws(SystemCallError) {
    try socket.descriptor.setListening(on)
  }

  /// Hands over the datagrams that are there, at most those of one call; waits first if there is
  /// none.
  ///
  /// - Returns: how many datagrams `body` was given, with the time they were read.
  package mutating func receive(
    waiting milliseconds: Int, _ body: (RawSpan, MonotonicTime) -> Void
  ) throws(SystemCallError) -> Int {
    var count = try read()
    if count == 0 && milliseconds > 0
      && socket.descriptor.wait(for: Int16(POLLIN), milliseconds: milliseconds) != 0
    {
      count = try read()
    }
    if count == 0 { return 0 }
    let now = MonotonicTime.now()
    var taken = 0
    for index in 0..<count {
      let bytes = min(Self.stride, Int(unsafe messages[index].length))
      let size = segmentBytes(index) ?? max(1, bytes)
      var offset = 0
      repeat {
        let length = min(size, bytes - offset)
        let start = unsafe memory + (index * Self.stride + offset)
        body(unsafe RawSpan(_unsafeStart: start, byteCount: length), now)
        taken += 1
        offset += size
      } while offset < bytes
    }
    return taken
  }

  /// Bytes of each datagram of a message but the last; nil if it is one by itself.
  private func segmentBytes(_ index: Int) -> Int? {
    guard unsafe messages[index].header.msg_controllen >= 20 else { return nil }
    let control = unsafe controls + index * Self.controlBytes
    // struct cmsghdr: length of 64 bits, level, type; then the number.
    guard unsafe control.load(fromByteOffset: 8, as: CInt.self) == CInt(IPPROTO_UDP),
      unsafe control.load(fromByteOffset: 12, as: CInt.self) == KVMTUNE_UDP_GRO
    else { return nil }
    let size = Int(unsafe control.load(fromByteOffset: 16, as: CInt.self))
    return size > 0 ? size : nil
  }

  /// Buffers of the kernel since the last call that found the socket full, or were broken: each of
  /// one datagram or of several.
  package mutating func takeDrops() throws(SystemCallError) -> UInt64 {
    try drops.take(socket.descriptor)
  }

  private func read() throws(SystemCallError) -> Int {
    for index in 0..<Self.capacity {
      unsafe messages[index].header.msg_controllen = Self.controlBytes
    }
    do throws(SystemCallError) {
      return Int(
        try syscall("recvmmsg", on: socket.peer?.description ?? "UDP socket") {
          unsafe kvmtune_recvmmsg(
            socket.descriptor.rawValue, messages, UInt32(Self.capacity), CInt(MSG_DONTWAIT))
        })
    } catch {
      if error.errno == .wouldBlock || error.errno == .resourceTemporarilyUnavailable { return 0 }
      throw error
    }
  }
}
