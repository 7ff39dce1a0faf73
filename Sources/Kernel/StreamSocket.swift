import CLinux
import Glibc
import SystemPackage

/// A TCP socket that waits for connections at an address of a namespace.
package final class StreamListener: Sendable {
  private let descriptor: OwnedDescriptor
  package let address: SocketAddress

  /// - Parameters:
  ///   - address: of a device in the namespace, `EADDRNOTAVAIL` otherwise; port 0 for one that the
  ///     kernel chooses.
  ///   - resetting: what is accepted ends with a RST when it is closed (`SO_LINGER` of 0 s, which
  ///     accepted sockets take over), so that no end of it waits in TIME-WAIT.
  package init(
    in namespace: NetworkNamespace, at address: SocketAddress, resetting: Bool = false
  ) throws {
    let descriptor = try OwnedDescriptor(
      socketIn: namespace, AF_INET, CInt(SOCK_STREAM.rawValue), flags: CInt(SOCK_NONBLOCK.rawValue))
    // A fixed port is wanted again while connections of before are in TIME-WAIT.
    try descriptor.setOption(SOL_SOCKET, SO_REUSEADDR, 1)
    if resetting {
      var now = linger(l_onoff: 1, l_linger: 0)
      try descriptor.setOption(SOL_SOCKET, SO_LINGER, bytesOf: &now)
    }
    let port = try descriptor.bindSocket(to: address)
    self.descriptor = descriptor
    self.address = SocketAddress(address.address, port: port)
    try listen()
  }

  /// Asks for the longest accept queue there is: `net.core.somaxconn` of now bounds it. A socket
  /// that listens already takes the new bound.
  package func listen() throws(SystemCallError) {
    try syscall("listen", on: address.description) {
      CLinux.listen(descriptor.rawValue, CInt.max)
    }
  }

  /// Accepts connections that are there, at most `limit`, and closes each; waits first if there is
  /// none.
  ///
  /// - Parameter milliseconds: how long to wait, 0 not at all.
  /// - Returns: how many there were.
  package func acceptAndClose(limit: Int, waiting milliseconds: Int) throws(SystemCallError) -> Int
  {
    var count = 0
    while count < limit {
      let socket = kvmtune_accept(descriptor.rawValue, CInt(SOCK_CLOEXEC.rawValue))
      if socket >= 0 {
        close(socket)
        count += 1
        continue
      }
      switch Glibc.errno {
      // A connection that ended in the queue (accept(2)).
      case EINTR, ECONNABORTED: continue
      case EAGAIN:
        if count > 0 || milliseconds == 0 { return count }
        if descriptor.wait(for: Int16(POLLIN), milliseconds: milliseconds) == 0 { return 0 }
      case let error:
        throw SystemCallError("accept4", Errno(rawValue: error), on: address.description)
      }
    }
    return count
  }

  /// The next connection. Throws `ETIMEDOUT` if none comes within `milliseconds`.
  package func accept(milliseconds: Int) throws(SystemCallError) -> StreamSocket {
    guard descriptor.wait(for: Int16(POLLIN), milliseconds: milliseconds) != 0 else {
      throw SystemCallError("accept", .timedOut, on: address.description)
    }
    let flags = CInt(SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
    return StreamSocket(
      OwnedDescriptor(
        adopting: try syscall("accept4", on: address.description) {
          kvmtune_accept(descriptor.rawValue, flags)
        }))
  }
}

/// One end of a TCP connection, non-blocking; what it carries has no meaning.
///
/// Safe: the buffer is allocated once, freed once, and every call is told its size.
@safe package struct StreamSocket: ~Copyable, @unchecked Sendable {
  private let descriptor: OwnedDescriptor
  private let buffer: UnsafeMutableRawBufferPointer
  private var isZerocopy = false

  /// Bytes of one call, as iperf does it.
  package static let chunkBytes = 128 << 10

  init(_ descriptor: consuming OwnedDescriptor) {
    self.descriptor = descriptor
    unsafe buffer = .allocate(byteCount: Self.chunkBytes, alignment: 4096)
    unsafe buffer.initializeMemory(as: UInt8.self, repeating: 0)
  }

  deinit { unsafe buffer.deallocate() }

  /// Connects from a namespace. Throws `ETIMEDOUT` after `milliseconds`, `ECONNREFUSED`,
  /// `ENETUNREACH`.
  package static func connect(
    in namespace: NetworkNamespace, to address: SocketAddress, milliseconds: Int
  ) throws -> StreamSocket {
    let descriptor = try OwnedDescriptor(
      socketIn: namespace, AF_INET, CInt(SOCK_STREAM.rawValue), flags: CInt(SOCK_NONBLOCK.rawValue))
    do throws(SystemCallError) {
      try descriptor.connectSocket(to: address)
    } catch {
      guard error.errno == .nowInProgress else { throw error }
      guard descriptor.wait(for: Int16(POLLOUT), milliseconds: milliseconds) != 0 else {
        throw SystemCallError("connect", .timedOut, on: address.description)
      }
      let failure = try descriptor.option(SOL_SOCKET, SO_ERROR)
      if failure != 0 {
        throw SystemCallError("connect", Errno(rawValue: CInt(failure)), on: address.description)
      }
    }
    return StreamSocket(descriptor)
  }

  /// From now on the kernel sends from our own memory where it can (`SO_ZEROCOPY`).
  package mutating func beginZerocopy() throws(SystemCallError) {
    try descriptor.setOption(SOL_SOCKET, SO_ZEROCOPY, 1)
    isZerocopy = true
  }

  /// Sends as much of one chunk as there is room for, waiting for room at most so long.
  ///
  /// - Returns: bytes taken; 0 if there was no room. Throws `ECONNRESET`, `EPIPE`.
  package func send(waiting milliseconds: Int) throws(SystemCallError) -> Int {
    if isZerocopy { return try sendZerocopy(waiting: milliseconds) }
    return try transfer("send", waitingFor: Int16(POLLOUT), milliseconds) {
      unsafe CLinux.send(
        descriptor.rawValue, buffer.baseAddress, buffer.count, CInt(MSG_NOSIGNAL))
    }
  }

  /// The buffer never changes, so what is still under way may be sent from it again.
  private func sendZerocopy(waiting milliseconds: Int) throws(SystemCallError) -> Int {
    // What has ended is told in the error queue, which counts against the socket's memory.
    reap()
    return try transfer("send", waitingFor: Int16(POLLOUT), milliseconds) {
      let flags = CInt(MSG_NOSIGNAL) | KVMTUNE_MSG_ZEROCOPY
      let count = unsafe CLinux.send(
        descriptor.rawValue, buffer.baseAddress, buffer.count, flags)
      // Too much that nobody has reaped: no room, for now.
      if count < 0 && Glibc.errno == ENOBUFS {
        reap()
        Glibc.errno = EAGAIN
      }
      return count
    }
  }

  /// Takes notice of what the kernel no longer sends (msg_zerocopy.rst); each notice stands for
  /// many calls.
  private func reap() {
    var message = unsafe msghdr()
    while unsafe recvmsg(descriptor.rawValue, &message, CInt(MSG_ERRQUEUE) | CInt(MSG_DONTWAIT))
      >= 0
    {}
  }

  /// Receives at most one chunk, waiting for the first byte at most so long.
  ///
  /// - Returns: bytes received; 0 if none came. Throws `ECONNRESET` if the other end is gone.
  package mutating func receive(waiting milliseconds: Int) throws(SystemCallError) -> Int {
    let count = try transfer("recv", waitingFor: Int16(POLLIN), milliseconds) {
      let count = unsafe recv(descriptor.rawValue, buffer.baseAddress, buffer.count, 0)
      if count == 0 { Glibc.errno = ECONNRESET }
      return count == 0 ? -1 : count
    }
    return count
  }

  /// Segments sent again since the connection began (`tcpi_total_retrans`).
  package func retransmitted() throws(SystemCallError) -> UInt64 {
    var information = tcp_info()
    var size = socklen_t(MemoryLayout<tcp_info>.size)
    try syscall("getsockopt(TCP_INFO)") {
      unsafe withUnsafeMutablePointer(to: &information) {
        unsafe getsockopt(descriptor.rawValue, CInt(IPPROTO_TCP), TCP_INFO, $0, &size)
      }
    }
    return UInt64(information.tcpi_total_retrans)
  }

  // MARK: Messages

  /// From now on calls wait in the kernel, `milliseconds` at a time, and what is sent leaves at once
  /// (`TCP_NODELAY`).
  package func beginMessages(milliseconds: Int) throws(SystemCallError) {
    try descriptor.setOption(CInt(IPPROTO_TCP), TCP_NODELAY, 1)
    var limit = timeval(
      tv_sec: milliseconds / 1000, tv_usec: suseconds_t(milliseconds % 1000 * 1000))
    try descriptor.setOption(SOL_SOCKET, SO_RCVTIMEO, bytesOf: &limit)
    try descriptor.setOption(SOL_SOCKET, SO_SNDTIMEO, bytesOf: &limit)
    let flags = try syscall("fcntl(F_GETFL)") { kvmtune_fcntl(descriptor.rawValue, F_GETFL, 0) }
    try syscall("fcntl(F_SETFL)") {
      kvmtune_fcntl(descriptor.rawValue, F_SETFL, flags & ~O_NONBLOCK)
    }
  }

  /// Sends a message of 1 … ``chunkBytes`` bytes, unless `isOver` says so before there is room.
  ///
  /// - Returns: whether all of it was taken. Throws `ECONNRESET`, `EPIPE`.
  package func send(message bytes: Int, unless isOver: () -> Bool) throws(SystemCallError) -> Bool {
    precondition((1...Self.chunkBytes).contains(bytes))
    return try exchange("send", bytes, unless: isOver) { done in
      unsafe CLinux.send(
        descriptor.rawValue, buffer.baseAddress, bytes - done, CInt(MSG_NOSIGNAL))
    }
  }

  /// Receives a message of 1 … ``chunkBytes`` bytes, unless `isOver` says so before it is there.
  ///
  /// - Returns: whether all of it came. Throws `ECONNRESET` if the other end is gone.
  package mutating func receive(message bytes: Int, unless isOver: () -> Bool)
    throws(SystemCallError) -> Bool
  {
    precondition((1...Self.chunkBytes).contains(bytes))
    return try exchange("recv", bytes, unless: isOver) { done in
      let count = unsafe recv(descriptor.rawValue, buffer.baseAddress, bytes - done, 0)
      if count == 0 { Glibc.errno = ECONNRESET }
      return count == 0 ? -1 : count
    }
  }

  private func exchange(
    _ call: String, _ bytes: Int, unless isOver: () -> Bool, _ body: (_ done: Int) -> Int
  ) throws(SystemCallError) -> Bool {
    var done = 0
    while done < bytes {
      let count = body(done)
      if count >= 0 {
        done += count
        continue
      }
      switch Glibc.errno {
      case EAGAIN: if isOver() { return false }
      case EINTR: continue
      case let error: throw SystemCallError(call, Errno(rawValue: error), on: "TCP connection")
      }
    }
    return true
  }

  private func transfer(
    _ call: String, waitingFor events: Int16, _ milliseconds: Int, _ body: () -> Int
  ) throws(SystemCallError) -> Int {
    for attempt in 0...1 {
      let count = body()
      if count >= 0 { return count }
      switch Glibc.errno {
      case EAGAIN:
        let tryAgain = attempt == 0 && milliseconds > 0
        if !tryAgain || descriptor.wait(for: events, milliseconds: milliseconds) == 0 { return 0 }
      case EINTR: continue
      case let error: throw SystemCallError(call, Errno(rawValue: error), on: "TCP stream")
      }
    }
    return 0
  }
}
