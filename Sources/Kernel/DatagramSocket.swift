import CLinux
import Synchronization

/// A UDP socket over IPv4 (udp(7)), for one ``DatagramSink`` and one ``DatagramInbox``.
package final class DatagramSocket: Sendable {
  let descriptor: OwnedDescriptor
  /// Where it listens.
  package let port: UInt16
  /// What it is connected to; nil if it takes datagrams from everybody.
  package let peer: SocketAddress?
  /// Of a socket without peer: where answers go to.
  fileprivate let asker = Mutex<sockaddr_in?>(nil)

  /// Bytes asked for, of which the kernel gives twice as many.
  private static let receiveBytes: CInt = 32 << 20
  private static let sendBytes: CInt = 8 << 20

  /// Opens a socket of a namespace. Needs `CAP_NET_ADMIN` for its large buffers.
  ///
  /// - Parameters:
  ///   - port: on every address of the namespace; 0 for one that the kernel chooses.
  ///   - peer: sends there, and hears of nobody else. The kernel then says so if a queueing
  ///     discipline or the device refuses a datagram, or nobody listens there.
  package init(in namespace: NetworkNamespace, port: UInt16 = 0, peer: SocketAddress? = nil) throws
  {
    let descriptor = try OwnedDescriptor(
      socketIn: namespace, AF_INET, CInt(SOCK_DGRAM.rawValue))
    try descriptor.setOption(SOL_SOCKET, SO_RCVBUFFORCE, Self.receiveBytes)
    try descriptor.setOption(SOL_SOCKET, SO_SNDBUFFORCE, Self.sendBytes)
    // A datagram in fragments is not one frame.
    try descriptor.setOption(CInt(IPPROTO_IP), IP_MTU_DISCOVER, IP_PMTUDISC_DO)
    self.port = try descriptor.bindSocket(to: SocketAddress("0.0.0.0", port: port))
    if let peer {
      try descriptor.setOption(CInt(IPPROTO_IP), IP_RECVERR, 1)
      try descriptor.connectSocket(to: peer)
    }
    self.descriptor = descriptor
    self.peer = peer
  }
}

/// The sending side of a UDP socket: to its peer, or to whom ``DatagramInbox/answer(to:)`` named.
package struct DatagramSink: ~Copyable, Sendable {
  private let socket: DatagramSocket

  package init(_ socket: DatagramSocket) { self.socket = socket }

  /// Sends what the kernel takes at once. Throws `EMSGSIZE` above the MTU, `ECONNREFUSED` if nobody
  /// listens there, `ENETUNREACH`, `EDESTADDRREQ` if nobody has asked yet.
  package func send(_ batch: borrowing FrameBatch, _ frames: Range<Int>) throws(SystemCallError)
    -> SendOutcome
  {
    let asker = socket.peer == nil ? socket.asker.withLock { $0 } : nil
    return try batch.send(
      frames, through: socket.descriptor.rawValue, to: asker,
      on: socket.peer?.description ?? "UDP socket")
  }

  /// Waits until there is room in the send buffer, at most so long.
  package func waitForRoom(milliseconds: Int) {
    socket.descriptor.wait(for: Int16(POLLOUT), milliseconds: milliseconds)
  }
}

/// The receiving side of a UDP socket, many datagrams a call.
package struct DatagramInbox: ~Copyable, Sendable {
  private let socket: DatagramSocket
  private var drops = SocketDrops()
  private let places: DatagramPlaces

  /// - Parameter bytes: of the datagrams that are expected, above 0; a longer one is cut to one
  ///   byte more.
  package init(_ socket: DatagramSocket, bytes: Int) {
    precondition(bytes > 0)
    self.socket = socket
    places = DatagramPlaces(64, bytes: bytes + 1, beside: .sender)
  }

  /// Lets datagrams in, or keeps them out.
  package func setListening(_ on: Bool) throws(SystemCallError) {
    try socket.descriptor.setListening(on)
  }

  /// Hands over the datagrams that are there, at most those of one call; waits first if there is
  /// none.
  ///
  /// - Parameter milliseconds: how long to wait, 0 not at all.
  /// - Returns: how many datagrams `body` was given, with the time they were read.
  package mutating func receive(
    waiting milliseconds: Int, _ body: (RawSpan, MonotonicTime) -> Void
  ) throws(SystemCallError) -> Int {
    let count = try places.take(from: socket, waiting: milliseconds)
    if count == 0 { return 0 }
    let now = MonotonicTime.now()
    for index in 0..<count {
      places.lend(0..<places.byteCount(index), of: index) { body($0, now) }
    }
    return count
  }

  /// The socket's answers go to whoever sent datagram `number` of the last call.
  package func answer(to number: Int) {
    let name = places.sender(number)
    socket.asker.withLock { $0 = name }
  }

  /// Datagrams since the last call that found the socket's buffer full, or were broken
  /// (`SO_MEMINFO`, exact even if nothing came after them, unlike `SO_RXQ_OVFL`).
  package mutating func takeDrops() throws(SystemCallError) -> UInt64 {
    try drops.take(socket.descriptor)
  }
}
