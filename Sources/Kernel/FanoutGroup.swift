import CLinux
import Synchronization

/// Packet sockets of one device that share its frames by flow (packet(7), `PACKET_FANOUT_HASH`).
///
/// The kernel picks the group's number when the first socket joins, one that nobody in the namespace
/// has (`PACKET_FANOUT_FLAG_UNIQUEID`): no other process gets into the group by chance.
package final class FanoutGroup: Sendable {
  private let number = Mutex<UInt16?>(nil)

  package init() {}

  /// - Parameter socket: a bound packet socket; it leaves the group when it is closed.
  func add(_ socket: borrowing OwnedDescriptor) throws(SystemCallError) {
    // Linux before 6.2 takes no notice of the flag: the socket's filter does the work then.
    let type = PACKET_FANOUT_HASH | CInt(KVMTUNE_PACKET_FANOUT_FLAG_IGNORE_OUTGOING)
    func join(_ number: UInt16, _ flags: CInt = 0) throws(SystemCallError) {
      try socket.setOption(SOL_PACKET, PACKET_FANOUT, CInt(number) | (type | flags) << 16)
    }
    try number.withLock { number throws(SystemCallError) in
      if let number { return try join(number) }
      try join(0, PACKET_FANOUT_FLAG_UNIQUEID)
      var joined: CInt = 0
      try socket.readOption(SOL_PACKET, PACKET_FANOUT, into: &joined)
      number = UInt16(truncatingIfNeeded: joined)
    }
  }
}
