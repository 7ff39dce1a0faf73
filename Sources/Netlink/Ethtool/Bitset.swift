import CLinux

/// A bitset of the ethtool family in its verbose form: bits with the names that the kernel gives
/// them (Documentation/networking/ethtool-netlink.rst, "Bit sets").
///
/// In a list (`isList`) only the bits that are set occur. Else each bit that occurs has a value,
/// and those that do not occur are not spoken of.
struct Bitset: Sendable, Hashable {
  let isList: Bool
  /// The bits that occur, with their values.
  let values: [String: Bool]

  init(_ values: [String: Bool]) {
    isList = false
    self.values = values
  }

  /// Reads a nested bitset attribute.
  init(decoding attribute: Attribute) throws(MalformedMessage) {
    let set = try attribute.nested()
    isList = set[ETHTOOL_A_BITSET_NOMASK] != nil
    guard let bits = try set[ETHTOOL_A_BITSET_BITS]?.nested() else {
      throw MalformedMessage("a bitset without names")
    }
    var found: [String: Bool] = [:]
    for bit in bits.all where bit.type == UInt16(ETHTOOL_A_BITSET_BITS_BIT) {
      let fields = try bit.nested()
      guard let name = fields[ETHTOOL_A_BITSET_BIT_NAME]?.string else {
        throw MalformedMessage("a bit without a name")
      }
      // Numbers that the kernel has set aside have an empty name.
      if !name.isEmpty { found[name] = isList || fields[ETHTOOL_A_BITSET_BIT_VALUE] != nil }
    }
    values = found
  }

  /// The bits that are set.
  var members: Set<String> { Set(values.lazy.filter(\.value).map(\.key)) }

  /// Adds the bitset with the bits in the order of their names: the same change, the same bytes.
  func encode(_ type: some BinaryInteger, into builder: inout MessageBuilder) {
    builder.nested(type) { set in
      set.nested(ETHTOOL_A_BITSET_BITS) { bits in
        for (name, value) in values.sorted(by: { $0.key < $1.key }) {
          bits.nested(ETHTOOL_A_BITSET_BITS_BIT) {
            $0.attribute(ETHTOOL_A_BITSET_BIT_NAME, name)
            if value { $0.flag(ETHTOOL_A_BITSET_BIT_VALUE) }
          }
        }
      }
    }
  }
}
