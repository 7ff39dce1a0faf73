/// Writes the payload of a netlink message: a fixed header, then attributes (netlink(7)).
///
/// Every attribute is padded to four bytes. Attributes of our own making are small, so one of
/// 64 KiB or more is a bug.
package struct MessageBuilder: Sendable, Hashable {
  package private(set) var bytes: [UInt8] = []

  package init() {}

  /// Begins with bytes that are already there: a fixed header such as `struct tcmsg`.
  package init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// A field of the fixed header; its padding is the caller's.
  package mutating func append(_ value: some FixedWidthInteger) {
    bytes.append(contentsOf: value.nativeBytes)
  }

  /// Bytes that are already attributes, as another builder or a dump made them.
  package mutating func append(_ attributes: [UInt8]) {
    bytes.append(contentsOf: attributes)
    pad()
  }

  package mutating func attribute(_ type: some BinaryInteger, bytes value: [UInt8]) {
    let length = 4 + value.count
    precondition(length <= Int(UInt16.max), "an attribute has 16 bits for its length")
    append(UInt16(length))
    append(UInt16(type))
    bytes.append(contentsOf: value)
    pad()
  }

  /// An attribute that is there or not, with no value.
  package mutating func flag(_ type: some BinaryInteger) { attribute(type, bytes: []) }

  package mutating func attribute(_ type: some BinaryInteger, _ value: UInt8) {
    attribute(type, bytes: [value])
  }

  package mutating func attribute(_ type: some BinaryInteger, _ value: UInt16) {
    attribute(type, bytes: value.nativeBytes)
  }

  package mutating func attribute(_ type: some BinaryInteger, _ value: UInt32) {
    attribute(type, bytes: value.nativeBytes)
  }

  package mutating func attribute(_ type: some BinaryInteger, _ value: Int32) {
    attribute(type, bytes: value.nativeBytes)
  }

  package mutating func attribute(_ type: some BinaryInteger, _ value: UInt64) {
    attribute(type, bytes: value.nativeBytes)
  }

  /// A text with the zero byte at its end that the kernel's policies ask for.
  package mutating func attribute(_ type: some BinaryInteger, _ value: String) {
    attribute(type, bytes: Array(value.utf8) + [0])
  }

  /// Attributes within an attribute, marked `NLA_F_NESTED`.
  package mutating func nested(
    _ type: some BinaryInteger, _ body: (inout MessageBuilder) throws -> Void
  ) rethrows {
    var inner = MessageBuilder()
    try body(&inner)
    attribute(UInt16(type) | AttributeFlag.nested, bytes: inner.bytes)
  }

  private mutating func pad() {
    while bytes.count % 4 != 0 { bytes.append(0) }
  }
}

/// The two high bits of an attribute's type (linux/netlink.h).
enum AttributeFlag {
  /// `NLA_F_NESTED`.
  static let nested: UInt16 = 1 << 15
  /// `NLA_TYPE_MASK`: what is left without `NLA_F_NESTED` and `NLA_F_NET_BYTEORDER`.
  static let typeMask: UInt16 = 0x3FFF
}
