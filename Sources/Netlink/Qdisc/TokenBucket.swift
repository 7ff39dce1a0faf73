import CLinux

/// `tbf`: a rate with a bucket of `burst` bytes, and a queue before it (tc-tbf(8)).
package struct TokenBucket: Sendable, Hashable {
  /// How long the queue may get.
  package enum Queue: Sendable, Hashable {
    /// Bytes.
    case limit(UInt64)
    /// Nanoseconds that a frame may wait; the kernel is told the bytes that this makes.
    case latency(UInt64)
  }

  /// Bits per second, a multiple of 8.
  package let rate: UInt64
  /// Bytes. Less than a frame of the MTU, and nothing that large gets through.
  package let burst: UInt64
  package let queue: Queue

  static let keys = ["rate", "burst", "latency", "limit"]

  init(_ words: QdiscWords) throws(QdiscSyntaxError) {
    rate = try words.required("rate", .rate, in: QdiscSpecification.rates) & ~7
    burst = try words.required("burst", .size, in: QdiscSpecification.sizes)
    let limit = try words.value("limit", .size, in: QdiscSpecification.sizes)
    let latency = try words.value("latency", .time, in: QdiscSpecification.times)
    switch (limit, latency) {
    case (let limit?, nil): queue = .limit(limit)
    case (nil, let latency?): queue = .latency(latency)
    default:
      throw QdiscSyntaxError(
        text: words.text, reason: "tbf needs either latency (such as 50ms) or limit (bytes)")
    }
    if RateSpecification(bitsPerSecond: rate).ticks(for: burst) == nil {
      throw QdiscSyntaxError(text: words.text, reason: "burst is too large for the rate")
    }
    if limitBytes > UInt64(UInt32.max) {
      throw QdiscSyntaxError(text: words.text, reason: "latency at this rate is above 4 GB")
    }
  }

  /// The queue in bytes, as tc(8) computes it.
  package var limitBytes: UInt64 {
    switch queue {
    case .limit(let bytes): bytes
    case .latency(let nanoseconds):
      UInt64(Double(rate / 8) * Double(nanoseconds) / 1e9) + burst
    }
  }

  var description: String {
    let depth =
      switch queue {
      case .limit(let bytes): "limit \(TrafficQuantity.size.describe(bytes))"
      case .latency(let nanoseconds): "latency \(TrafficQuantity.time.describe(nanoseconds))"
      }
    return "tbf rate \(TrafficQuantity.rate.describe(rate))"
      + " burst \(TrafficQuantity.size.describe(burst)) \(depth)"
  }

  /// `struct tc_tbf_qopt` and the attributes beside it.
  var options: [UInt8] {
    let rate = RateSpecification(bitsPerSecond: rate)
    var parameters = MessageBuilder()
    rate.encode(into: &parameters)
    parameters.append([UInt8](repeating: 0, count: RateSpecification.size))
    parameters.append(UInt32(clamping: limitBytes))
    parameters.append(rate.ticks(for: burst) ?? .max)
    parameters.append(UInt32(0))
    var builder = MessageBuilder()
    builder.attribute(TCA_TBF_PARMS, bytes: parameters.bytes)
    builder.attribute(TCA_TBF_BURST, UInt32(clamping: burst))
    if let wide = rate.wide { builder.attribute(TCA_TBF_RATE64, wide) }
    return builder.bytes
  }

  /// What a dump says; the burst is exact to what goes out in 64 ns.
  init(decoding options: [UInt8]) throws(MalformedMessage) {
    let all = try AttributeReader(options)
    guard let parameters = all[TCA_TBF_PARMS]?.bytes, parameters.count >= 36,
      let limit = UInt32(nativeBytes: parameters.dropFirst(24).prefix(4)),
      let ticks = UInt32(nativeBytes: parameters.dropFirst(28).prefix(4))
    else { throw MalformedMessage("tbf without its parameters") }
    let rate = try RateSpecification(
      decoding: parameters.prefix(RateSpecification.size), wide: all[TCA_TBF_RATE64])
    self.rate = rate.bitsPerSecond
    burst = rate.bytes(in: ticks)
    queue = .limit(UInt64(limit))
  }
}
