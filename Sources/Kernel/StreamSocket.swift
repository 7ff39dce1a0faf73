import CLinux
import Glibc
import SystemPackage

/// A TCP socket that waits for connections at an address of a namespace.
package final class StreamListener: Sendable {
  private let descriptor: OwnedDescriptor
  package let address: SocketAddress

  /// - Parameter address: of a device in the namespace, `EADDRNOTAVAIL` otherwise; port 0 for one
  ///   that the kernel chooses.
  package init(in namespace: NetworkNamespace, at address: SocketAddress) throws {
    let descriptor = try OwnedDescriptor(
      socketIn: namespace, AF_INET, CInt(SOCK_STREAM.rawValue), flags: CInt(SOCK_NONBLOCK.rawValue))
    // A fixed port is wanted again while connections of before are in TIME-WAIT.
    try descriptor.setOption(SOL_SOCKET, SO_REUSEADDR, 1)
    let port = try descriptor.bindSocket(to: address)
    try syscall("listen", on: address.description) { listen(descriptor.rawValue, 64) }
    self.descriptor = descriptor
    self.address = SocketAddress(address.address, port: port)
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

  /// Sends as much of one chunk as there is room for, waiting for room at most so long.
  ///
  /// - Returns: bytes taken; 0 if there was no room. Throws `ECONNRESET`, `EPIPE`.
  package func send(waiting milliseconds: Int) throws(SystemCallError) -> Int {
    try transfer("send", waitingFor: Int16(POLLOUT), milliseconds) {
      unsafe CLinux.send(
        descriptor.rawValue, buffer.baseAddress, buffer.count, CInt(MSG_NOSIGNAL))
    }
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
