/// What is asked of the kernel: everything but the sequence number, which the session gives.
package struct NetlinkRequest: Sendable, Hashable {
  /// `nlmsg_type`: `RTM_GETLINK`, the number of a generic family, …
  package let type: UInt16
  /// `nlmsg_flags` beside `NLM_F_REQUEST` and `NLM_F_ACK`, which are always set.
  package let flags: UInt16
  /// The fixed header and attributes.
  package let payload: [UInt8]
  /// What is asked, in words, for the error: `set mtu of link 7`.
  package let description: String

  package init(
    _ description: String, type: some BinaryInteger, flags: CInt = 0,
    payload: [UInt8]
  ) {
    self.description = description
    self.type = UInt16(type)
    self.flags = UInt16(flags)
    self.payload = payload
  }
}

/// One message of a reply, without its `struct nlmsghdr`.
package struct NetlinkMessage: Sendable, Hashable {
  package let type: UInt16
  package let flags: UInt16
  package let payload: [UInt8]

  package init(type: UInt16, flags: UInt16 = 0, payload: [UInt8]) {
    self.type = type
    self.flags = flags
    self.payload = payload
  }
}

/// One message of a generic-netlink reply: the command of `struct genlmsghdr`, and what follows.
package struct GenericMessage: Sendable, Hashable {
  package let command: UInt8
  /// The attributes, to be read with ``AttributeReader``.
  package let attributes: [UInt8]

  /// Bytes of `struct genlmsghdr`.
  static let headerBytes = 4

  package init(_ message: NetlinkMessage) throws(MalformedMessage) {
    guard message.payload.count >= Self.headerBytes else {
      throw MalformedMessage("a generic message without its header")
    }
    command = message.payload[0]
    attributes = Array(message.payload.dropFirst(Self.headerBytes))
  }
}
