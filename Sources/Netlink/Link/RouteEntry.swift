import CLinux

/// One route: how long its prefix is and where it leads (rtnetlink(7), `struct rtmsg`).
package struct RouteEntry: Sendable, Hashable {
  /// Bits of the destination's prefix; 0 is a default route.
  package let prefixLength: UInt8
  /// `RTN_UNICAST`: it forwards frames, rather than refuses them.
  package let isUnicast: Bool
  /// The devices that frames leave by: several for a multipath route, none for a refusal.
  package let outputs: [Int32]

  package var isDefault: Bool { prefixLength == 0 && isUnicast }

  /// Reads what follows the message's header. Throws ``MalformedMessage``.
  package init(decoding payload: [UInt8]) throws {
    let attributes = try AttributeReader(payload, after: MemoryLayout<rtmsg>.size)
    prefixLength = payload[1]
    isUnicast = payload[7] == UInt8(RTN_UNICAST)
    let single = try attributes[RTA_OIF.rawValue].map { [try $0.integer(Int32.self)] } ?? []
    let several = try attributes[RTA_MULTIPATH.rawValue].map { try Self.hops($0.bytes) } ?? []
    outputs = single + several
  }

  /// The devices in an array of `struct rtnexthop`, each followed by attributes of its own.
  private static func hops(_ bytes: ArraySlice<UInt8>) throws(MalformedMessage) -> [Int32] {
    var found: [Int32] = []
    var rest = bytes
    while !rest.isEmpty {
      guard let length = UInt16(nativeBytes: rest.prefix(2)).map(Int.init),
        (8...max(8, rest.count)).contains(length), rest.count >= length,
        let index = Int32(nativeBytes: rest.dropFirst(4).prefix(4))
      else { throw MalformedMessage("a next hop ends behind its route") }
      found.append(index)
      rest = rest.dropFirst((length + 3) & ~3)
    }
    return found
  }
}
