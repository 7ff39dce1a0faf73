/// Netlink's integers are in the machine's own byte order and need not be aligned.
///
/// Safe: bytes are copied in and out of plain integers, never more than the integer's size.
extension FixedWidthInteger {
  /// The integer as it lies in memory.
  package var nativeBytes: [UInt8] {
    unsafe withUnsafeBytes(of: self) { unsafe Array($0) }
  }

  /// Nil unless there are exactly as many bytes as the integer has.
  package init?(nativeBytes bytes: some Collection<UInt8>) {
    guard bytes.count == MemoryLayout<Self>.size else { return nil }
    var value: Self = 0
    unsafe withUnsafeMutableBytes(of: &value) { unsafe $0.copyBytes(from: bytes) }
    self = value
  }
}
