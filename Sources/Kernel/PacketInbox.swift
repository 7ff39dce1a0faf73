import CLinux
import Glibc
import SystemPackage

/// A packet socket that receives frame by frame, without the delay of a ring; for latency.
///
/// Safe: the buffer is allocated once, freed once, and recv(2) is told its size.
@safe package struct PacketInbox: ~Copyable, @unchecked Sendable {
  private let descriptor: OwnedDescriptor
  private let buffer: UnsafeMutableRawBufferPointer

  /// Opens a socket in the device's namespace that sees every incoming frame while listening.
  /// It begins deaf. Needs `CAP_NET_RAW`.
  package init(on device: NetworkDevice, frameLimit: Int = 65536 + 18) throws {
    let descriptor = try OwnedDescriptor(
      socketIn: device.namespace, AF_PACKET, CInt(SOCK_RAW.rawValue))
    try descriptor.setListening(false)
    try descriptor.setOption(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    try descriptor.setOption(SOL_SOCKET, SO_RCVBUFFORCE, 8 << 20)
    try descriptor.bindPacket(to: device, protocol: UInt16(ETH_P_ALL))
    self.descriptor = descriptor
    unsafe buffer = .allocate(byteCount: frameLimit, alignment: 64)
  }

  deinit { unsafe buffer.deallocate() }

  /// Lets frames in, or keeps them out: a parked socket costs next to nothing.
  package func setListening(_ on: Bool) throws(SystemCallError) { try descriptor.setListening(on) }

  /// Hands over at most `limit` frames that are there, then returns; waits first if there is none.
  ///
  /// - Parameter milliseconds: how long to wait, 0 not at all.
  /// - Returns: how many frames `body` was given, with the time each was read.
  package mutating func receive(
    limit: Int, waiting milliseconds: Int, _ body: (RawSpan, MonotonicTime) -> Void
  ) throws(SystemCallError) -> Int {
    var taken = 0
    while taken < limit {
      let count = unsafe recv(
        descriptor.rawValue, buffer.baseAddress, buffer.count, CInt(MSG_DONTWAIT))
      if count >= 0 {
        body(
          unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: buffer[..<count])), .now())
        taken += 1
      } else if Glibc.errno == EAGAIN {
        if taken > 0 || milliseconds == 0 { break }
        if descriptor.wait(for: Int16(POLLIN), milliseconds: milliseconds) == 0 { break }
      } else if Glibc.errno != EINTR {
        throw SystemCallError("recv", Errno(rawValue: Glibc.errno))
      }
    }
    return taken
  }

  /// Frames that found the socket's buffer full since the last call (`PACKET_STATISTICS`).
  package func takeDrops() throws(SystemCallError) -> UInt64 {
    try descriptor.takePacketDrops()
  }
}
