import CLinux
package import Kernel
import SystemPackage

/// Addresses, neighbours and routes of the session's namespace.
extension NetlinkSession {
  /// Gives the link an address, in the notation `198.18.0.1/24`. `EEXIST` if it has it already,
  /// `EINVAL` for anything but an address and a prefix length.
  package func addAddress(_ text: String, to index: Int32) throws {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, let address = IPAddress(String(parts[0])), let bits = UInt8(parts[1]),
      Int(bits) <= address.octets.count * 8
    else { throw NetlinkError("add address \(text) to link \(index)", .invalidArgument) }
    var builder = MessageBuilder([address.family, bits, 0, 0])
    builder.append(index)
    builder.attribute(IFA_LOCAL, bytes: address.octets)
    builder.attribute(IFA_ADDRESS, bytes: address.octets)
    try request(
      NetlinkRequest(
        "add address \(text) to link \(index)", type: RTM_NEWADDR,
        flags: NLM_F_CREATE | NLM_F_EXCL, payload: builder.bytes))
  }

  /// The IPv4 addresses of a link as dotted text, in the kernel's order.
  package func ipv4Addresses(of index: Int32) throws -> [String] {
    let header = [UInt8](repeating: 0, count: MemoryLayout<ifaddrmsg>.size)
    return try request(
      NetlinkRequest("list addresses", type: RTM_GETADDR, flags: NLM_F_DUMP, payload: header)
    )
    .filter { $0.type == RTM_NEWADDR }
    .compactMap { try Self.ipv4Address(decoding: $0.payload, of: index) }
  }

  /// The address in one `RTM_NEWADDR` message (rtnetlink(7), `struct ifaddrmsg`); nil for another
  /// family, or another link.
  static func ipv4Address(decoding payload: [UInt8], of index: Int32) throws -> String? {
    let attributes = try AttributeReader(payload, after: MemoryLayout<ifaddrmsg>.size)
    guard payload[0] == UInt8(AF_INET), Int32(nativeBytes: payload[4..<8]) == index,
      let octets = attributes[IFA_LOCAL]?.bytes, octets.count == 4
    else { return nil }
    return octets.map(String.init).joined(separator: ".")
  }

  /// Sends what has no route of its own to a neighbour; routes by several links stand side by side,
  /// the lowest link number first.
  package func addDefaultRoute(via gateway: String, on index: Int32) throws {
    let description = "add a default route via \(gateway) on link \(index)"
    guard let address = IPAddress(gateway) else {
      throw NetlinkError(description, .invalidArgument)
    }
    let flags = [UInt8](repeating: 0, count: 4)
    var builder = MessageBuilder(
      [
        address.family, 0, 0, 0, UInt8(RT_TABLE_MAIN.rawValue), UInt8(RTPROT_STATIC),
        UInt8(RT_SCOPE_UNIVERSE.rawValue), UInt8(RTN_UNICAST),
      ] + flags)
    builder.attribute(RTA_GATEWAY.rawValue, bytes: address.octets)
    builder.attribute(RTA_OIF.rawValue, UInt32(bitPattern: index))
    builder.attribute(RTA_PRIORITY.rawValue, UInt32(bitPattern: index))
    try request(
      NetlinkRequest(
        description, type: RTM_NEWROUTE, flags: NLM_F_CREATE | NLM_F_EXCL, payload: builder.bytes))
  }

  /// Says for good which hardware address an IP address has, so that nobody asks for it.
  package func addNeighbour(_ text: String, at hardware: MACAddress, on index: Int32) throws {
    let description = "add neighbour \(text) at \(hardware) on link \(index)"
    guard let address = IPAddress(text) else {
      throw NetlinkError(description, .invalidArgument)
    }
    var builder = MessageBuilder([address.family, 0, 0, 0])
    builder.append(index)
    builder.append(UInt16(NUD_PERMANENT))
    builder.append(UInt16(0))
    builder.attribute(NDA_DST, bytes: address.octets)
    builder.attribute(NDA_LLADDR, bytes: hardware.octets)
    try request(
      NetlinkRequest(
        description, type: RTM_NEWNEIGH, flags: NLM_F_CREATE | NLM_F_REPLACE,
        payload: builder.bytes))
  }

  /// Every IPv4 and IPv6 route of every table.
  package func routes() throws -> [RouteEntry] {
    try [AF_INET, AF_INET6].flatMap { family in
      let header = [UInt8(family)] + [UInt8](repeating: 0, count: 11)
      return try request(
        NetlinkRequest("list routes", type: RTM_GETROUTE, flags: NLM_F_DUMP, payload: header)
      )
      .filter { $0.type == RTM_NEWROUTE }
      .map { try RouteEntry(decoding: $0.payload) }
    }
  }

  /// The devices that default routes lead to; empty if there is none.
  package func defaultRouteOutputs() throws -> Set<Int32> {
    Set(try routes().filter(\.isDefault).flatMap(\.outputs))
  }

  /// The device that a packet to this address would leave by.
  ///
  /// - Parameter text: an address; a zone (`fe80::1%eth0`) already names the device.
  /// - Throws: ``NetlinkError``: `ENETUNREACH` without a route, `EINVAL` for another text.
  package func outputOfRoute(to text: String) throws -> Int32 {
    let description = "find the route to \(text)"
    let parts = text.split(separator: "%", maxSplits: 1)
    if parts.count == 2 { return try link(named: String(parts[1])).index }
    guard let address = IPAddress(text) else {
      throw NetlinkError(description, .invalidArgument)
    }
    let bits = UInt8(address.octets.count * 8)
    var builder = MessageBuilder([address.family, bits] + [UInt8](repeating: 0, count: 10))
    builder.attribute(RTA_DST.rawValue, bytes: address.octets)
    let replies = try request(
      NetlinkRequest(description, type: RTM_GETROUTE, payload: builder.bytes))
    guard let reply = replies.first(where: { $0.type == RTM_NEWROUTE }),
      let output = try RouteEntry(decoding: reply.payload).outputs.first
    else { throw NetlinkError(description, Errno(rawValue: ENETUNREACH)) }
    return output
  }
}
