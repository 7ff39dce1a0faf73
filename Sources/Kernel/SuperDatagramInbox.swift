import CLinux

/// The receiving side of a UDP socket that takes datagrams joined by the kernel as they are
/// (udp(7), `UDP_GRO`), and hands them over one by one.
package struct SuperDatagramInbox: ~Copyable, Sendable {
  private let socket: DatagramSocket
  private var drops = SocketDrops()
  private let places: DatagramPlaces

  package init(_ socket: DatagramSocket) throws(SystemCallError) {
    try socket.descriptor.setOption(CInt(IPPROTO_UDP), KVMTUNE_UDP_GRO, 1)
    self.socket = socket
    places = DatagramPlaces(32, bytes: 65_536, beside: .number)
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
    let count = try places.take(from: socket, waiting: milliseconds)
    if count == 0 { return 0 }
    let now = MonotonicTime.now()
    var taken = 0
    for index in 0..<count {
      let bytes = places.byteCount(index)
      let size = segmentBytes(index) ?? max(1, bytes)
      var offset = 0
      repeat {
        places.lend(offset..<min(bytes, offset + size), of: index) { body($0, now) }
        taken += 1
        offset += size
      } while offset < bytes
    }
    return taken
  }

  /// Bytes of each datagram of a message but the last; nil if it is one by itself.
  private func segmentBytes(_ index: Int) -> Int? {
    let size = places.number(index, level: CInt(IPPROTO_UDP), type: KVMTUNE_UDP_GRO) ?? 0
    return size > 0 ? Int(size) : nil
  }

  /// Buffers of the kernel since the last call that found the socket full, or were broken: each of
  /// one datagram or of several.
  package mutating func takeDrops() throws(SystemCallError) -> UInt64 {
    try drops.take(socket.descriptor)
  }
}
