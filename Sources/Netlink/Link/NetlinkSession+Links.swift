import CLinux
package import Kernel

/// Links of the session's namespace. Reading needs no privilege, changing `CAP_NET_ADMIN`.
///
/// A name that is no device, or an index, throws ``NetlinkError`` with `ENODEV`; a value that the
/// driver refuses throws with its errno and, where it gave one, its reason.
extension NetlinkSession {
  package func links() throws -> [Link] {
    try request(.links).filter { $0.type == RTM_NEWLINK }.map { try Link(decoding: $0.payload) }
  }

  package func link(index: Int32) throws -> Link { try single(.link(index: index)) }

  package func link(named name: String) throws -> Link { try single(.link(named: name)) }

  /// Bytes; `EINVAL` outside the link's own limits.
  package func setMTU(_ mtu: Int, of index: Int32) throws {
    try change("set mtu \(mtu)", index) { $0.attribute(IFLA_MTU, UInt32(clamping: mtu)) }
  }

  /// Frames, at least 0; on a TAP this sizes its rings.
  package func setTransmitQueueLength(_ length: Int, of index: Int32) throws {
    try change("set txqueuelen \(length)", index) {
      $0.attribute(IFLA_TXQLEN, UInt32(clamping: length))
    }
  }

  package func setUp(_ isUp: Bool, _ index: Int32) throws {
    try request(.up(isUp, index))
  }

  /// Makes the link a port of `master`; nil takes it out.
  package func setMaster(_ master: Int32?, of index: Int32) throws {
    try change("set master \(master ?? 0)", index) { $0.attribute(IFLA_MASTER, master ?? 0) }
  }

  package func setAddress(_ address: MACAddress, of index: Int32) throws {
    try change("set address \(address)", index) {
      $0.attribute(IFLA_ADDRESS, bytes: address.octets)
    }
  }

  /// At most 15 bytes, free in the namespace.
  package func rename(_ index: Int32, to name: String) throws {
    try change("set name \(name)", index) { $0.attribute(IFLA_IFNAME, name) }
  }

  /// Moves a device with its name; its index may change, its addresses and qdisc are lost.
  package func move(_ index: Int32, to namespace: NetworkNamespace) throws {
    let descriptor = try namespace.descriptor()
    try change("set namespace", index) { $0.attribute(IFLA_NET_NS_FD, descriptor.rawValue) }
  }

  /// Removes a virtual device; a veth's other end goes with it.
  package func delete(_ index: Int32) throws {
    try request(.deleteLink(index))
  }

  /// Makes a veth: `name` here and `peer` there, both down, each with `queues` transmit and
  /// receive queues in use.
  package func createVeth(
    named name: String, peer: String, peerNamespace: NetworkNamespace, queues: Int
  ) throws {
    let descriptor = try peerNamespace.descriptor()
    try request(
      .createVeth(
        named: name, peer: peer, peerNamespace: descriptor.rawValue, queues: queues))
  }

  /// Makes a silent bridge, down: no spanning tree, no forward delay, no multicast snooping.
  package func createBridge(named name: String) throws {
    try request(.createBridge(named: name))
  }

  /// Makes an intermediate functional block, down: a device that drops what is sent on it.
  /// `EOPNOTSUPP` if the kernel has no driver.
  package func createIFB(named name: String, queues: Int = 1) throws {
    try request(.createIFB(named: name, queues: queues))
  }

  /// Makes a macvtap in bridge mode on `lower`, down. `EOPNOTSUPP` if the kernel has no driver.
  package func createMacvtap(named name: String, over lower: Int32, queues: Int = 1) throws {
    try request(.createMacvtap(named: name, over: lower, queues: queues))
  }

  private func change(
    _ description: String, _ index: Int32, _ attributes: (inout MessageBuilder) -> Void
  ) throws {
    try request(.change(description, index, attributes))
  }

  private func single(_ question: NetlinkRequest) throws -> Link {
    guard let reply = try request(question).first(where: { $0.type == RTM_NEWLINK }) else {
      throw MalformedMessage("no link in the reply to: \(question.description)")
    }
    return try Link(decoding: reply.payload)
  }
}
