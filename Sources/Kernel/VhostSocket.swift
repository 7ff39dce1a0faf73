import CLinux

/// A packet socket on a device for a vhost worker, which sends and receives through it without
/// virtio-net headers (`get_raw_socket` in drivers/vhost/net.c). It begins deaf.
package final class VhostSocket: Sendable {
  private let descriptor: OwnedDescriptor

  /// Opens it in the device's namespace. Needs `CAP_NET_RAW` and `CAP_NET_ADMIN`.
  ///
  /// - Parameter fanout: the sockets of the device that share its frames.
  package init(on device: NetworkDevice, fanout: FanoutGroup?) throws {
    let descriptor = try OwnedDescriptor(
      socketIn: device.namespace, AF_PACKET, CInt(SOCK_RAW.rawValue))
    try descriptor.setListening(false)
    try descriptor.setOption(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    try descriptor.setOption(SOL_SOCKET, SO_RCVBUFFORCE, 8 << 20)
    try descriptor.setOption(SOL_SOCKET, SO_SNDBUFFORCE, 8 << 20)
    try descriptor.bindPacket(to: device, protocol: UInt16(ETH_P_ALL))
    try fanout?.add(descriptor)
    self.descriptor = descriptor
  }

  var number: CInt { descriptor.rawValue }

  /// Lets frames in, or keeps them out.
  package func setListening(_ on: Bool) throws(SystemCallError) { try descriptor.setListening(on) }

  /// Frames that found the socket's buffer full since the last call: the worker is late, or the
  /// guest's ring is full.
  package func takeDrops() throws(SystemCallError) -> UInt64 { try descriptor.takePacketDrops() }
}
