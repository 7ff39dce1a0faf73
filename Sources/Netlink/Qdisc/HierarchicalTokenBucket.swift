import CLinux

/// `htb` with one class, the default one, that every frame goes through (tc-htb(8)).
package struct HierarchicalTokenBucket: Sendable, Hashable {
  /// Bits per second, a multiple of 8; the ceiling is the same.
  package let rate: UInt64
  /// Bytes that may go out at once; nil for tc's choice of a little more than a frame.
  package let burst: UInt64?
  /// Bytes that the class may send in its turn; nil for the kernel's choice.
  package let quantum: UInt64?

  /// - Parameter rate: 8 bit/s or more; rounded down to whole bytes.
  package init(rate: UInt64) {
    self.rate = max(rate & ~7, 8)
    burst = nil
    quantum = nil
  }

  static let keys = ["rate", "burst", "quantum"]
  /// The minor number of the class.
  static let classMinor: UInt32 = 1
  /// Bytes of a frame that tc assumes for the burst.
  private static let frame: UInt64 = 1600

  init(_ words: QdiscWords) throws(QdiscSyntaxError) {
    rate = try words.required("rate", .rate, in: QdiscSpecification.rates) & ~7
    burst = try words.value("burst", .size, in: QdiscSpecification.sizes)
    quantum = try words.value("quantum", .size, in: 1000...200_000)
    if RateSpecification(bitsPerSecond: rate).ticks(for: effectiveBurst) == nil {
      throw QdiscSyntaxError(text: words.text, reason: "burst is too large for the rate")
    }
  }

  /// Bytes: the burst that is asked for, or tc's: a frame and what goes out in a tick of its clock.
  package var effectiveBurst: UInt64 { burst ?? rate / 8 / 1_000_000_000 + Self.frame }

  var description: String {
    var text = "htb rate \(TrafficQuantity.rate.describe(rate))"
    if let burst { text += " burst \(TrafficQuantity.size.describe(burst))" }
    if let quantum { text += " quantum \(TrafficQuantity.size.describe(quantum))" }
    return text
  }

  /// `struct tc_htb_glob`: version 3, `r2q` 10 as in tc(8), and the number of the default class.
  var options: [UInt8] {
    var parameters = MessageBuilder()
    for value in [3, 10, Self.classMinor, 0, 0] as [UInt32] { parameters.append(value) }
    var builder = MessageBuilder()
    builder.attribute(TCA_HTB_INIT, bytes: parameters.bytes)
    return builder.bytes
  }

  /// `struct tc_htb_opt` of the class, and the attributes beside it. Rate and ceiling have the
  /// same bucket, else the smaller would rule.
  var classOptions: [UInt8] {
    let rate = RateSpecification(bitsPerSecond: rate)
    let ticks = rate.ticks(for: effectiveBurst) ?? .max
    var parameters = MessageBuilder()
    rate.encode(into: &parameters)
    rate.encode(into: &parameters)
    for value in [ticks, ticks, UInt32(clamping: quantum ?? 0), 0, 0] { parameters.append(value) }
    var builder = MessageBuilder()
    builder.attribute(TCA_HTB_PARMS, bytes: parameters.bytes)
    if let wide = rate.wide {
      builder.attribute(TCA_HTB_RATE64, wide)
      builder.attribute(TCA_HTB_CEIL64, wide)
    }
    return builder.bytes
  }

  /// What a dump of the class says; the kernel shows the quantum that it uses.
  init(decodingClass options: [UInt8]) throws(MalformedMessage) {
    let all = try AttributeReader(options)
    let size = RateSpecification.size
    guard let parameters = all[TCA_HTB_PARMS]?.bytes, parameters.count >= 44,
      let ticks = UInt32(nativeBytes: parameters.dropFirst(2 * size).prefix(4)),
      let quantum = UInt32(nativeBytes: parameters.dropFirst(2 * size + 8).prefix(4))
    else { throw MalformedMessage("an htb class without its parameters") }
    let rate = try RateSpecification(
      decoding: parameters.prefix(size), wide: all[TCA_HTB_RATE64])
    self.rate = rate.bitsPerSecond
    burst = rate.bytes(in: ticks)
    self.quantum = UInt64(quantum)
  }
}
