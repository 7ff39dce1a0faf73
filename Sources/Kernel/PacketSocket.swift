import CLinux

/// A packet socket that only sends (packet(7)): bound to one device with protocol 0, so that the
/// kernel hands it nothing.
package struct PacketSocket: ~Copyable, Sendable {
  private let descriptor: OwnedDescriptor
  let device: String
  /// Bytes of send buffer that the kernel granted: it doubles what was asked.
  package let bufferBytes: Int

  /// Opens a socket in the device's namespace. Needs `CAP_NET_RAW`, and `CAP_NET_ADMIN` for a
  /// buffer above `net.core.wmem_max`.
  ///
  /// - Parameters:
  ///   - bypassingQdisc: hand frames to the driver, past the queueing discipline
  ///     (`PACKET_QDISC_BYPASS`). The transmit queue is then that of the sending CPU.
  ///   - bufferBytes: 4 KiB … 1 GiB. On TAP and veth it holds nothing back, see skb_orphan.
  package init(sendingOn device: NetworkDevice, bypassingQdisc: Bool, bufferBytes: Int = 8 << 20)
    throws
  {
    let descriptor = try OwnedDescriptor(
      socketIn: device.namespace, AF_PACKET, CInt(SOCK_RAW.rawValue))
    try descriptor.bindPacket(to: device, protocol: 0)
    try descriptor.setOption(SOL_PACKET, PACKET_QDISC_BYPASS, bypassingQdisc ? 1 : 0)
    try descriptor.setOption(SOL_SOCKET, SO_SNDBUFFORCE, CInt(bufferBytes))
    self.bufferBytes = try descriptor.option(SOL_SOCKET, SO_SNDBUF)
    self.descriptor = descriptor
    self.device = device.name
  }

  /// Sends what the kernel takes at once. Throws `EMSGSIZE` above the MTU, `ENETDOWN`, `ENXIO`.
  package func send(_ batch: borrowing FrameBatch, _ frames: Range<Int>) throws(SystemCallError)
    -> SendOutcome
  {
    try batch.send(frames, through: descriptor.rawValue, on: device)
  }

  var number: CInt { descriptor.rawValue }

  /// From now on there is a virtio-net header of 10 bytes in front of everything.
  func expectVirtioHeaders() throws(SystemCallError) {
    try descriptor.setOption(SOL_PACKET, PACKET_VNET_HDR, 1)
  }

  /// Waits until there is room in the send buffer, at most so long.
  package func waitForRoom(milliseconds: Int) {
    descriptor.wait(for: Int16(POLLOUT), milliseconds: milliseconds)
  }
}
