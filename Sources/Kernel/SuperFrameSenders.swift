import CLinux
import Glibc
import SystemPackage

/// A packet socket that sends super-frames behind a virtio-net header (packet(7),
/// `PACKET_VNET_HDR`), which the kernel or the NIC cuts into frames as late as it can.
package struct SuperFrameSocket: ~Copyable, Sendable {
  private let socket: PacketSocket
  private let messages: SuperFrameMessages

  /// Bytes of the virtio-net header in front of each super-frame.
  package static let virtioBytes = 10

  /// - Parameters:
  ///   - heads: virtio-net header of ``virtioBytes``, then what is in front of the frames.
  ///   - selector: where in a super-frame's first frame the number of its head stands.
  ///   - unit: frames of one super-frame.
  package init(
    sendingOn device: NetworkDevice, bypassingQdisc: Bool, heads: [[UInt8]], selector: Int,
    unit: Int
  ) throws {
    let socket = try PacketSocket(sendingOn: device, bypassingQdisc: bypassingQdisc)
    try socket.expectVirtioHeaders()
    self.socket = socket
    messages = SuperFrameMessages(unit: unit, heads: heads, selector: selector)
  }

  package var unit: Int { messages.unit }

  /// Sends what the kernel takes at once. Throws `EINVAL` on a kernel without USO, before Linux 6.2.
  package func send(_ batch: borrowing FrameBatch, _ frames: Range<Int>) throws(SystemCallError)
    -> SendOutcome
  {
    try SuperFrameOutcome.of(
      messages.send(batch, frames, through: socket.number), frames.count, through: socket.number,
      on: socket.device)
  }

  package func waitForRoom(milliseconds: Int) { socket.waitForRoom(milliseconds: milliseconds) }
}

/// One queue of a TAP that takes super-frames behind virtio-net headers of
/// ``TapDevice/headerBytes``.
package struct SuperFrameQueue: ~Copyable, Sendable {
  private let tap: TapDevice
  private let queue: CInt
  private let messages: SuperFrameMessages

  /// - Parameters: as those of ``SuperFrameSocket``; `number` is one of 0 ..< `tap.queues.count`.
  package init(
    _ tap: TapDevice, _ number: Int, heads: [[UInt8]], selector: Int, unit: Int
  ) {
    self.tap = tap
    queue = tap.queues[number]
    messages = SuperFrameMessages(unit: unit, heads: heads, selector: selector)
  }

  package var unit: Int { messages.unit }

  /// Writes super-frames until one is not taken. Throws `EINVAL` on a kernel without USO.
  package func send(_ batch: borrowing FrameBatch, _ frames: Range<Int>) throws(SystemCallError)
    -> SendOutcome
  {
    let (accepted, isDone) = messages.write(batch, frames, to: queue)
    if isDone { return SendOutcome(accepted: accepted) }
    var outcome = try SuperFrameOutcome.refusal(on: tap.name)
    outcome.accepted = accepted
    return outcome
  }

  package func waitForRoom(milliseconds: Int) {
    var request = pollfd(fd: queue, events: Int16(POLLOUT), revents: 0)
    _ = unsafe poll(&request, 1, CInt(milliseconds))
  }
}

/// The sending side of a UDP socket whose datagrams the kernel or the NIC cuts out of larger ones
/// (udp(7), `UDP_SEGMENT`).
package struct SuperDatagramSink: ~Copyable, Sendable {
  private let socket: DatagramSocket
  private let messages: SuperFrameMessages
  private let isZerocopy: Bool
  private var notices = ZerocopyNotices()

  /// - Parameters:
  ///   - bytes: of each datagram.
  ///   - unit: datagrams of one call to the stack.
  ///   - zerocopy: let the kernel send from our memory; a call returns when it no longer does.
  package init(_ socket: DatagramSocket, bytes: Int, unit: Int, zerocopy: Bool)
    throws(SystemCallError)
  {
    try socket.descriptor.setOption(CInt(IPPROTO_UDP), KVMTUNE_UDP_SEGMENT, CInt(bytes))
    if zerocopy { try ZerocopyNotices.enable(socket.descriptor) }
    isZerocopy = zerocopy
    self.socket = socket
    messages = SuperFrameMessages(unit: unit)
  }

  package var unit: Int { messages.unit }

  /// Sends what the kernel takes at once. Throws as ``DatagramSink/send(_:_:)``, and `EIO` where the
  /// device does not compute checksums.
  package mutating func send(_ batch: borrowing FrameBatch, _ frames: Range<Int>)
    throws(SystemCallError) -> SendOutcome
  {
    let accepted = messages.send(
      batch, frames, through: socket.descriptor.rawValue,
      flags: isZerocopy ? KVMTUNE_MSG_ZEROCOPY : 0)
    var outcome = try SuperFrameOutcome.of(
      accepted, frames.count, through: socket.descriptor.rawValue,
      on: socket.peer?.description ?? "UDP socket")
    if !isZerocopy { return outcome }
    notices.add(outcome.accepted / unit)
    if outcome.accepted < frames.count {
      outcome.obstacle = try notices.takeRefusal(on: socket.descriptor) ? .refused : .full
    }
    // The next frames are written where these are sent from.
    try notices.settle(on: socket.descriptor)
    return outcome
  }

  package func waitForRoom(milliseconds: Int) {
    socket.descriptor.wait(for: Int16(POLLOUT), milliseconds: milliseconds)
  }
}

private enum SuperFrameOutcome {
  /// What a call has done that returned the number of frames accepted, or −1.
  static func of(_ accepted: Int, _ count: Int, through socket: CInt, on subject: String)
    throws(SystemCallError) -> SendOutcome
  {
    if accepted >= 0 { return SendOutcome(accepted: accepted, of: count, through: socket) }
    return try refusal(on: subject)
  }

  /// What a call has done that took nothing.
  static func refusal(on subject: String) throws(SystemCallError) -> SendOutcome {
    switch Glibc.errno {
    case EAGAIN: return SendOutcome(accepted: 0, obstacle: .full)
    case ENOBUFS: return SendOutcome(accepted: 0, obstacle: .refused)
    case EINTR: return SendOutcome(accepted: 0)
    case EINVAL:
      throw SystemCallError(
        "send a super-frame", .invalidArgument,
        on: "\(subject); UDP segmentation needs Linux 6.2, without it segments must be 1")
    case EIO:
      throw SystemCallError(
        "send a super-frame", .ioError,
        on: "\(subject); UDP segmentation needs feature.tx-checksum on, else segments must be 1")
    case let error: throw SystemCallError("send a super-frame", Errno(rawValue: error), on: subject)
    }
  }
}
