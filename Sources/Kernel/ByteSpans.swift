import CLinux

extension FixedWidthInteger {
  /// In network byte order.
  package var octets: [UInt8] {
    (0..<Self.bitWidth / 8).reversed().map { UInt8(truncatingIfNeeded: self >> (8 * $0)) }
  }

  /// The integer of these bytes in network byte order; nil if they are more or fewer than it has.
  package init?(octets: some Collection<UInt8>) {
    guard octets.count == Self.bitWidth / 8 else { return nil }
    self = octets.reduce(0) { $0 << 8 | Self($1) }
  }
}

extension RawSpan {
  /// The integer in network byte order at `offset`; an offset outside the span is a bug.
  @inlinable package func bigEndian<Value: FixedWidthInteger & BitwiseCopyable>(
    at offset: Int, as type: Value.Type = Value.self
  ) -> Value {
    // Safe: the read lies within the span, and every bit pattern is an integer.
    precondition(offset >= 0 && offset <= byteCount - MemoryLayout<Value>.size)
    return unsafe Value(bigEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: Value.self))
  }

  /// Whether the bytes at `range` are those of `bytes` there; both reach that far, or it is a bug.
  package func agrees(with bytes: [UInt8], in range: Range<Int>) -> Bool {
    precondition(range.upperBound <= byteCount && range.upperBound <= bytes.count)
    guard !range.isEmpty else { return true }
    // Safe: the range lies within both.
    return unsafe withUnsafeBytes { mine in
      unsafe bytes.withUnsafeBytes { theirs in
        guard let left = mine.baseAddress, let right = theirs.baseAddress else { return false }
        let first = range.lowerBound
        return unsafe memcmp(left + first, right + first, range.count) == 0
      }
    }
  }
}

extension MutableRawSpan {
  /// Stores an integer in network byte order; an offset outside the span is a bug.
  @inlinable package mutating func storeBigEndian<Value: FixedWidthInteger & BitwiseCopyable>(
    _ value: Value, at offset: Int
  ) {
    storeBytes(of: value.bigEndian, toByteOffset: offset, as: Value.self)
  }

  /// Copies all of `source` to the beginning; one longer than the span is a bug.
  package mutating func copy(from source: RawSpan) {
    precondition(source.byteCount <= byteCount)
    // Safe: a raw buffer checks that the copy fits.
    unsafe withUnsafeMutableBytes { destination in
      unsafe source.withUnsafeBytes { unsafe destination.copyMemory(from: $0) }
    }
  }

  /// Copies all of `source` to the beginning; one longer than the span is a bug.
  package mutating func copy(from source: [UInt8]) {
    // Safe: a raw buffer checks that the copy fits.
    unsafe withUnsafeMutableBytes { unsafe $0.copyBytes(from: source) }
  }
}
