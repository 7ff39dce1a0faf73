import CLinux
import SystemPackage

/// The generic family `ethtool` (Documentation/networking/ethtool-netlink.rst): every request
/// begins with a header that names the device, and every reply about one device is one message.
extension NetlinkSession {
  static let ethtoolFamily = "ethtool"

  /// The attributes of the one message that answers a `…_GET`.
  func ethtoolReply(_ what: String, _ command: some BinaryInteger, of index: Int32) throws
    -> [UInt8]
  {
    let description = "\(what) of link \(index)"
    let replies = try request(
      description, family: Self.ethtoolFamily, command: command,
      attributes: Self.ethtoolRequest(about: index).bytes)
    guard let reply = replies.first else {
      throw NetlinkError(description, .noData, message: "the kernel sent no reply")
    }
    return reply.attributes
  }

  /// Makes a `…_SET`; `body` adds what is to change behind the header.
  func ethtoolChange(
    _ what: String, _ command: some BinaryInteger, of index: Int32,
    _ body: (inout MessageBuilder) throws -> Void
  ) throws {
    var builder = Self.ethtoolRequest(about: index)
    try body(&builder)
    try request(
      "\(what) of link \(index)", family: Self.ethtoolFamily, command: command,
      attributes: builder.bytes)
  }

  /// The header of a request: the first attribute of every command, whatever its name.
  static func ethtoolRequest(about index: Int32) -> MessageBuilder {
    var builder = MessageBuilder()
    builder.nested(ETHTOOL_A_CHANNELS_HEADER) {
      $0.attribute(ETHTOOL_A_HEADER_DEV_INDEX, index)
    }
    return builder
  }
}

extension MessageBuilder {
  /// Adds the numbers that are given as 32-bit attributes.
  ///
  /// Throws ``NetlinkError`` `.invalidArgument` for one that does not fit.
  mutating func counts(_ counts: [(type: Int, value: Int?)], _ request: String) throws {
    for (type, value) in counts {
      guard let value else { continue }
      guard let number = UInt32(exactly: value) else {
        throw NetlinkError(request, .invalidArgument, message: "\(value) is not a 32-bit number")
      }
      attribute(type, number)
    }
  }
}
