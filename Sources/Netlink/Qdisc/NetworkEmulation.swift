import CLinux

/// `netem`: delay, loss and the like, made on purpose (tc-netem(8)). For labs only.
package struct NetworkEmulation: Sendable, Hashable {
  /// Nanoseconds that every frame waits.
  package let delay: UInt64?
  /// Nanoseconds that the delay varies by to either side, evenly.
  package let jitter: UInt64?
  /// Shares of frames in millionths of a percent.
  package let loss: UInt64?
  package let duplicate: UInt64?
  /// Frames that overtake: they are sent without the delay.
  package let reorder: UInt64?
  /// Frames that get one wrong bit.
  package let corrupt: UInt64?
  /// Frames that may wait; nil for tc's 1000.
  package let limit: UInt64?

  static let keys = ["delay", "loss", "duplicate", "reorder", "corrupt", "limit"]
  /// Frames, as in tc(8).
  private static let defaultLimit: UInt64 = 1000

  init(_ words: QdiscWords) throws(QdiscSyntaxError) {
    let delay = try words.pair("delay", .time, in: QdiscSpecification.times)
    self.delay = delay?.0
    jitter = delay?.1
    loss = try words.value("loss", .probability, in: 0...100_000_000)
    duplicate = try words.value("duplicate", .probability, in: 0...100_000_000)
    reorder = try words.value("reorder", .probability, in: 0...100_000_000)
    corrupt = try words.value("corrupt", .probability, in: 0...100_000_000)
    limit = try words.value("limit", .count, in: QdiscSpecification.counts)
    if reorder != nil, self.delay == nil {
      throw QdiscSyntaxError(text: words.text, reason: "reorder needs a delay to overtake")
    }
    if let jitter, let delay = self.delay, jitter > delay {
      throw QdiscSyntaxError(text: words.text, reason: "the delay varies by more than it is")
    }
  }

  var description: String {
    var text = "netem"
    if let delay { text += " delay \(TrafficQuantity.time.describe(delay))" }
    if let jitter { text += " \(TrafficQuantity.time.describe(jitter))" }
    for (key, share) in [
      ("loss", loss), ("duplicate", duplicate), ("reorder", reorder), ("corrupt", corrupt),
    ] {
      if let share { text += " \(key) \(TrafficQuantity.probability.describe(share))" }
    }
    if let limit { text += " limit \(limit)" }
    return text
  }

  /// `struct tc_netem_qopt`, and behind it attributes, each with a share and its correlation.
  var options: [UInt8] {
    var builder = MessageBuilder()
    builder.append(UInt32(clamping: (delay ?? 0) / RateSpecification.tick))
    builder.append(UInt32(clamping: limit ?? Self.defaultLimit))
    builder.append(Self.share(loss ?? 0))
    builder.append(UInt32(reorder == nil ? 0 : 1))
    builder.append(Self.share(duplicate ?? 0))
    builder.append(UInt32(clamping: (jitter ?? 0) / RateSpecification.tick))
    for (type, share) in [(TCA_NETEM_REORDER, reorder), (TCA_NETEM_CORRUPT, corrupt)] {
      guard let share else { continue }
      builder.attribute(type, bytes: Self.share(share).nativeBytes + UInt32(0).nativeBytes)
    }
    return builder.bytes
  }

  /// What a dump says. What is 0 there was not asked for.
  init(decoding options: [UInt8]) throws(MalformedMessage) {
    let all = try AttributeReader(options, after: MemoryLayout<tc_netem_qopt>.size)
    func field(_ position: Int) -> UInt32 {
      UInt32(nativeBytes: options[(position * 4)..<(position * 4 + 4)]) ?? 0
    }
    func share(_ type: some BinaryInteger) -> UInt64? {
      all[type].flatMap { UInt32(nativeBytes: $0.bytes.prefix(4)) }.flatMap(Self.millionths)
    }
    func time(_ ticks: UInt32) -> UInt64? {
      ticks == 0 ? nil : UInt64(ticks) * RateSpecification.tick
    }
    delay = time(field(0))
    limit = UInt64(field(1))
    loss = Self.millionths(field(2))
    duplicate = Self.millionths(field(4))
    jitter = time(field(5))
    reorder = share(TCA_NETEM_REORDER)
    corrupt = share(TCA_NETEM_CORRUPT)
  }

  /// Whether a dump shows what this asks for: times to a tick, shares to a millionth of a percent.
  func isMet(by found: NetworkEmulation) -> Bool {
    func ticks(_ time: UInt64?) -> UInt64 { (time ?? 0) / RateSpecification.tick }
    return ticks(delay) == ticks(found.delay) && ticks(jitter) == ticks(found.jitter)
      && (limit ?? Self.defaultLimit) == found.limit
      && [loss, duplicate, reorder, corrupt].map { $0 ?? 0 }
        == [found.loss, found.duplicate, found.reorder, found.corrupt].map { $0 ?? 0 }
  }

  /// The kernel's share: 2³² − 1 is all.
  private static func share(_ millionths: UInt64) -> UInt32 {
    UInt32((Double(millionths) / 1e8 * Double(UInt32.max)).rounded())
  }

  private static func millionths(_ share: UInt32) -> UInt64? {
    share == 0 ? nil : UInt64((Double(share) / Double(UInt32.max) * 1e8).rounded())
  }
}
