import CLinux

/// `cake`: fair queueing and a shaper in one, with the kernel's choice of everything else
/// (tc-cake(8)).
package struct CakeShaper: Sendable, Hashable {
  /// Bits per second, a multiple of 8; nil for no limit.
  package let bandwidth: UInt64?
  /// Nanoseconds of a usual round trip, whole microseconds; nil for the kernel's 100 ms.
  package let rtt: UInt64?

  static let keys = ["bandwidth", "rtt"]
  /// The kernel counts in 32 bits of microseconds.
  private static let times: ClosedRange<UInt64> = 1000...UInt64(UInt32.max) * 1000

  init(_ words: QdiscWords) throws(QdiscSyntaxError) {
    bandwidth = try words.value("bandwidth", .rate, in: QdiscSpecification.rates).map { $0 & ~7 }
    rtt = try words.value("rtt", .time, in: Self.times).map { $0 - $0 % 1000 }
  }

  var description: String {
    var text = "cake"
    if let bandwidth { text += " bandwidth \(TrafficQuantity.rate.describe(bandwidth))" }
    if let rtt { text += " rtt \(TrafficQuantity.time.describe(rtt))" }
    return text
  }

  var options: [UInt8]? {
    var builder = MessageBuilder()
    if let bandwidth { builder.attribute(TCA_CAKE_BASE_RATE64, bandwidth / 8) }
    if let rtt { builder.attribute(TCA_CAKE_RTT, UInt32(clamping: rtt / 1000)) }
    return builder.bytes.isEmpty ? nil : builder.bytes
  }

  /// What a dump says: there a rate of 0 is none.
  init(decoding options: [UInt8]) throws(MalformedMessage) {
    let all = try AttributeReader(options)
    let rate = try all[TCA_CAKE_BASE_RATE64]?.uint64() ?? 0
    bandwidth = rate == 0 ? nil : RateSpecification(bytesPerSecond: rate).bitsPerSecond
    let microseconds = try all[TCA_CAKE_RTT]?.uint32()
    rtt = microseconds.map { UInt64($0) * 1000 }
  }

  /// Whether a dump shows what this asks for.
  func isMet(by found: CakeShaper) -> Bool {
    bandwidth == found.bandwidth && (rtt == nil || rtt == found.rtt)
  }
}
