import CLinux

/// Asks again and again whether one of some features is active, without their names: a reply of a
/// hundred bytes instead of several thousand.
package struct FeatureProbe: Sendable {
  private let session: NetlinkSession
  private let index: Int32
  private let bits: [Int]

  /// Learns once which bits the kernel gave to the features.
  ///
  /// - Parameters:
  ///   - index: of the device, in the session's namespace.
  ///   - isMeant: whether a feature of that name counts.
  /// - Throws: ``NetlinkError``.
  package init(of index: Int32, _ session: NetlinkSession, isMeant: (String) -> Bool) throws {
    self.session = session
    self.index = index
    let reply = try session.ethtoolReply(
      "read the features", ETHTOOL_MSG_FEATURES_GET, of: index)
    // The set of changeable features has a mask of every feature that this kernel knows.
    let known = try AttributeReader(reply)[ETHTOOL_A_FEATURES_HW]?.nested()
    let list = try known?[ETHTOOL_A_BITSET_BITS]?.nested().all ?? []
    bits = try list.compactMap { bit in
      let fields = try bit.nested()
      guard let name = fields[ETHTOOL_A_BITSET_BIT_NAME]?.string, isMeant(name) else { return nil }
      return try fields[ETHTOOL_A_BITSET_BIT_INDEX].map { Int(try $0.uint32()) }
    }
  }

  /// Whether at least one of the features is active now. Throws ``NetlinkError``.
  package func isActive() throws -> Bool {
    var request = MessageBuilder()
    request.nested(ETHTOOL_A_FEATURES_HEADER) {
      $0.attribute(ETHTOOL_A_HEADER_DEV_INDEX, index)
      $0.attribute(ETHTOOL_A_HEADER_FLAGS, UInt32(ETHTOOL_FLAG_COMPACT_BITSETS))
    }
    let replies = try session.request(
      "read the features of link \(index)", family: NetlinkSession.ethtoolFamily,
      command: ETHTOOL_MSG_FEATURES_GET, attributes: request.bytes)
    guard let reply = replies.first else { return false }
    let active = try AttributeReader(reply.attributes)[ETHTOOL_A_FEATURES_ACTIVE]?.nested()
    guard let value = active?[ETHTOOL_A_BITSET_VALUE]?.bytes else { return false }
    return bits.contains { Self.isSet($0, in: value) }
  }

  /// Whether a bit is set in 32-bit words of the machine's byte order.
  static func isSet(_ bit: Int, in value: ArraySlice<UInt8>) -> Bool {
    let word = UInt32(nativeBytes: value.dropFirst(bit / 32 * 4).prefix(4)) ?? 0
    return word & (1 << (bit % 32)) != 0
  }
}
