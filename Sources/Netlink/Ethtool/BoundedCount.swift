/// How many of something a device uses now, and the most it can: queues, or entries of a ring.
package struct BoundedCount: Sendable, Hashable {
  package let current: Int
  package let maximum: Int

  package init(current: Int, maximum: Int) {
    self.current = current
    self.maximum = maximum
  }

  /// Nil if the device has none: the kernel sends neither attribute, or a maximum of 0.
  init?(_ reply: AttributeReader, current: some BinaryInteger, maximum: some BinaryInteger)
    throws(MalformedMessage)
  {
    guard let most = try reply[maximum]?.uint32(), most > 0 else { return nil }
    self.init(current: Int(try reply[current]?.uint32() ?? 0), maximum: Int(most))
  }
}
