import CLinux

/// What one call of recvmmsg(2) fills: places of equal size for one datagram each, and beside each
/// room for who sent it, or for a control message.
///
/// Safe: the memory is allocated once, freed once; the kernel is told the size of every part, and
/// what it says it wrote is checked against that.
@safe struct DatagramPlaces: ~Copyable, @unchecked Sendable {
  /// Datagrams of one call.
  let count: Int
  private let stride: Int
  private let kind: Beside
  private let memory: UnsafeMutableRawPointer
  private let beside: UnsafeMutableRawPointer
  private let vectors: UnsafeMutablePointer<iovec>
  private let messages: UnsafeMutablePointer<kvmtune_mmsghdr>

  /// What the kernel tells besides the bytes of a datagram.
  enum Beside {
    case sender
    /// One control message with a number of 32 bits.
    case number

    /// `CMSG_SPACE(4)` is 24.
    fileprivate var bytes: Int { self == .sender ? MemoryLayout<sockaddr_in>.size : 24 }
  }

  /// - Parameter bytes: of a place, above 0; a longer datagram is cut to them.
  init(_ count: Int, bytes: Int, beside kind: Beside) {
    precondition(count > 0 && bytes > 0)
    self.count = count
    self.kind = kind
    stride = (bytes + 63) / 64 * 64
    unsafe memory = .allocate(byteCount: count * stride, alignment: 4096)
    unsafe beside = .allocate(byteCount: count * kind.bytes, alignment: 8)
    unsafe beside.initializeMemory(as: UInt8.self, repeating: 0, count: count * kind.bytes)
    unsafe vectors = .allocate(capacity: count)
    unsafe messages = .allocate(capacity: count)
    for index in 0..<count {
      unsafe (vectors + index).initialize(
        to: iovec(iov_base: memory + index * stride, iov_len: bytes))
      var message = unsafe kvmtune_mmsghdr()
      unsafe message.header.msg_iov = unsafe vectors + index
      unsafe message.header.msg_iovlen = 1
      let room = unsafe beside + index * kind.bytes
      switch kind {
      case .sender: unsafe message.header.msg_name = unsafe room
      case .number: unsafe message.header.msg_control = unsafe room
      }
      unsafe (messages + index).initialize(to: message)
    }
  }

  deinit {
    unsafe messages.deallocate()
    unsafe vectors.deallocate()
    unsafe beside.deallocate()
    unsafe memory.deallocate()
  }

  /// Takes the datagrams that are there, at most one for each place; waits first if there is none.
  ///
  /// - Parameter milliseconds: how long to wait, 0 not at all.
  /// - Returns: how many places are filled.
  func take(from socket: DatagramSocket, waiting milliseconds: Int) throws(SystemCallError) -> Int {
    let count = try read(socket)
    if count > 0 || milliseconds == 0 { return count }
    guard socket.descriptor.wait(for: Int16(POLLIN), milliseconds: milliseconds) != 0 else {
      return 0
    }
    return try read(socket)
  }

  private func read(_ socket: DatagramSocket) throws(SystemCallError) -> Int {
    for index in 0..<count {
      switch kind {
      case .sender: unsafe messages[index].header.msg_namelen = socklen_t(kind.bytes)
      case .number: unsafe messages[index].header.msg_controllen = kind.bytes
      }
    }
    do throws(SystemCallError) {
      return Int(
        try syscall("recvmmsg", on: socket.peer?.description ?? "UDP socket") {
          unsafe kvmtune_recvmmsg(
            socket.descriptor.rawValue, messages, UInt32(count), CInt(MSG_DONTWAIT))
        })
    } catch {
      if error.errno == .wouldBlock || error.errno == .resourceTemporarilyUnavailable { return 0 }
      throw error
    }
  }

  // MARK: A place that was filled

  /// Bytes of a datagram.
  func byteCount(_ index: Int) -> Int {
    precondition((0..<count).contains(index))
    return min(stride, Int(unsafe messages[index].length))
  }

  /// Lends some of the bytes of a datagram.
  func lend(_ range: Range<Int>, of index: Int, _ body: (RawSpan) -> Void) {
    precondition(range.lowerBound >= 0 && range.upperBound <= byteCount(index))
    body(
      unsafe RawSpan(
        _unsafeStart: memory + (index * stride + range.lowerBound), byteCount: range.count))
  }

  func sender(_ index: Int) -> sockaddr_in {
    precondition((0..<count).contains(index) && kind == .sender)
    return unsafe (beside + index * kind.bytes).load(as: sockaddr_in.self)
  }

  /// The number of the control message; nil if there was none of that kind.
  func number(_ index: Int, level: CInt, type: CInt) -> CInt? {
    precondition((0..<count).contains(index) && kind == .number)
    guard unsafe messages[index].header.msg_controllen >= 20 else { return nil }
    let control = unsafe beside + index * kind.bytes
    // struct cmsghdr: length of 64 bits, level, type; then the number.
    guard unsafe control.load(fromByteOffset: 8, as: CInt.self) == level,
      unsafe control.load(fromByteOffset: 12, as: CInt.self) == type
    else { return nil }
    return unsafe control.load(fromByteOffset: 16, as: CInt.self)
  }
}
