/// The attributes of a netlink message, or of an attribute that holds others (netlink(7)).
///
/// Every length is checked before any value is looked at; types that nobody asks for are kept
/// and cost nothing. A type that occurs twice is answered by its last occurrence, as the kernel
/// reads it; ``all`` has every one in order.
package struct AttributeReader: Sendable {
  package let all: [Attribute]

  /// Reads the attributes behind a fixed header of `header` bytes.
  package init(_ bytes: [UInt8], after header: Int = 0) throws(MalformedMessage) {
    guard bytes.count >= header else {
      throw MalformedMessage("\(bytes.count) bytes, a header has \(header)")
    }
    try self.init(bytes[header...])
  }

  package init(_ bytes: ArraySlice<UInt8>) throws(MalformedMessage) {
    var found: [Attribute] = []
    var rest = bytes
    // What is shorter than a header at the end is padding, as in the kernel's nla_ok().
    while rest.count >= 4 {
      guard let length = UInt16(nativeBytes: rest.prefix(2)).map(Int.init),
        let type = UInt16(nativeBytes: rest.dropFirst(2).prefix(2)),
        (4...rest.count).contains(length)
      else { throw MalformedMessage("an attribute ends behind its message") }
      found.append(
        Attribute(
          type: type & AttributeFlag.typeMask, bytes: rest.prefix(length).dropFirst(4)))
      rest = rest.dropFirst((length + 3) & ~3)
    }
    all = found
  }

  /// The attribute of that type, nil if it was not sent.
  package subscript(_ type: some BinaryInteger) -> Attribute? {
    all.last { $0.type == type }
  }
}

/// One attribute: its type without flag bits, and its value.
package struct Attribute: Sendable, Hashable {
  package let type: UInt16
  package let bytes: ArraySlice<UInt8>

  /// The value as an integer of exactly this size.
  package func integer<Value: FixedWidthInteger>(_ kind: Value.Type = Value.self)
    throws(MalformedMessage) -> Value
  {
    guard let value = Value(nativeBytes: bytes) else {
      throw MalformedMessage(
        "attribute \(type) has \(bytes.count) bytes, not \(MemoryLayout<Value>.size)")
    }
    return value
  }

  package func uint8() throws(MalformedMessage) -> UInt8 { try integer() }
  package func uint16() throws(MalformedMessage) -> UInt16 { try integer() }
  package func uint32() throws(MalformedMessage) -> UInt32 { try integer() }
  package func uint64() throws(MalformedMessage) -> UInt64 { try integer() }

  /// The value up to its first zero byte.
  package var string: String { String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self) }

  /// The attributes within.
  package func nested() throws(MalformedMessage) -> AttributeReader {
    try AttributeReader(bytes)
  }
}
