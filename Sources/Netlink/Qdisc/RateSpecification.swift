import CLinux

/// The kernel's description of a rate, `struct tc_ratespec` (linux/pkt_sched.h), and its tick.
///
/// With the link layer named, the kernel computes sending times itself and needs no rate table
/// (net/sched/sch_generic.c, `psched_ratecfg_precompute`).
struct RateSpecification: Sendable, Hashable {
  /// Bytes per second. Above 32 bits it stands in an attribute of its own.
  let bytesPerSecond: UInt64

  /// Bytes of `struct tc_ratespec`.
  static let size = 12
  /// Nanoseconds of the tick in which qdiscs count time (include/net/pkt_sched.h, `PSCHED_SHIFT`).
  static let tick: UInt64 = 64

  init(bitsPerSecond: UInt64) { bytesPerSecond = bitsPerSecond / 8 }

  init(bytesPerSecond: UInt64) { self.bytesPerSecond = bytesPerSecond }

  var bitsPerSecond: UInt64 { bytesPerSecond.multipliedReportingOverflow(by: 8).partialValue }

  /// The rate that the 64-bit attribute holds; nil if the structure holds it.
  var wide: UInt64? { bytesPerSecond > UInt64(UInt32.max) ? bytesPerSecond : nil }

  /// Adds the structure.
  func encode(into builder: inout MessageBuilder) {
    builder.append(UInt8(0))
    builder.append(UInt8(TC_LINKLAYER_ETHERNET.rawValue))
    builder.append(UInt16(0))
    builder.append(UInt16(0))
    builder.append(UInt16(0))
    builder.append(UInt32(clamping: bytesPerSecond))
  }

  /// Reads the rate from a structure, unless the 64-bit attribute has it.
  init(decoding bytes: some Collection<UInt8>, wide: Attribute?) throws(MalformedMessage) {
    guard bytes.count == Self.size, let rate = UInt32(nativeBytes: bytes.suffix(4)) else {
      throw MalformedMessage("a rate of \(bytes.count) bytes")
    }
    bytesPerSecond = try wide?.uint64() ?? UInt64(rate)
  }

  /// The ticks in which `bytes` go out, rounded up; nil if they do not fit in 32 bits.
  func ticks(for bytes: UInt64) -> UInt32? {
    guard bytesPerSecond > 0 else { return nil }
    let (product, overflow) = bytes.multipliedReportingOverflow(by: 1_000_000_000)
    if overflow { return nil }
    let nanoseconds = product.dividedUp(by: bytesPerSecond)
    return UInt32(exactly: nanoseconds.dividedUp(by: Self.tick))
  }

  /// The bytes that go out in so many ticks, rounded down; of hostile values the largest number.
  func bytes(in ticks: UInt32) -> UInt64 {
    let (high, low) = (UInt64(ticks) * Self.tick).multipliedFullWidth(by: bytesPerSecond)
    return high < 1_000_000_000
      ? UInt64(1_000_000_000).dividingFullWidth((high, low)).quotient : .max
  }
}

extension UInt64 {
  fileprivate func dividedUp(by divisor: UInt64) -> UInt64 {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return quotient + (remainder == 0 ? 0 : 1)
  }
}
