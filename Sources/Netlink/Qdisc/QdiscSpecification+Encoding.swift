import CLinux

extension QdiscSpecification {
  /// What to send in `TCA_OPTIONS`; nil for nothing, which means the kernel's defaults.
  package var options: [UInt8]? {
    switch self {
    case .deviceDefault, .noqueue, .pfifoFast, .mq: nil
    case .pfifo(let limit), .bfifo(let limit):
      // struct tc_fifo_qopt is the bare number.
      limit.map { UInt32(clamping: $0).nativeBytes }
    case .fq(let limit): Self.limit(limit, TCA_FQ_PLIMIT)
    case .fqCodel(let limit): Self.limit(limit, TCA_FQ_CODEL_LIMIT)
    case .cake(let shaper): shaper.options
    case .tbf(let bucket): bucket.options
    case .htb(let bucket): bucket.options
    case .netem(let emulation): emulation.options
    case .verbatim(let kind, let options): Self.sendable(options, of: kind)
    }
  }

  private static func limit(_ value: UInt64?, _ type: some BinaryInteger) -> [UInt8]? {
    guard let value else { return nil }
    var builder = MessageBuilder()
    builder.attribute(type, UInt32(clamping: value))
    return builder.bytes
  }

  /// What a device really has, in tc's words with every number; for the kinds that we know.
  ///
  /// - Parameters:
  ///   - qdisc: the root as dumped.
  ///   - classes: of the same device; only `htb` needs them.
  package init(decoding qdisc: Qdisc, classes: [QdiscClass] = []) throws(MalformedMessage) {
    let options = qdisc.options
    switch qdisc.kind {
    case "noqueue": self = .noqueue
    case "pfifo_fast": self = .pfifoFast
    case "mq": self = .mq
    case "pfifo": self = .pfifo(limit: try Self.number(options))
    case "bfifo": self = .bfifo(limit: try Self.number(options))
    case "fq": self = .fq(limit: try Self.number(options, TCA_FQ_PLIMIT))
    case "fq_codel": self = .fqCodel(limit: try Self.number(options, TCA_FQ_CODEL_LIMIT))
    case "cake": self = .cake(try CakeShaper(decoding: options))
    case "tbf": self = .tbf(try TokenBucket(decoding: options))
    case "netem": self = .netem(try NetworkEmulation(decoding: options))
    case "htb":
      let own = classes.filter { $0.device == qdisc.device && $0.kind == "htb" }
      guard own.count == 1, let only = own.first,
        only.handle == qdisc.handle | HierarchicalTokenBucket.classMinor
      else {
        self = .verbatim(kind: qdisc.kind, options: options)
        return
      }
      self = .htb(try HierarchicalTokenBucket(decodingClass: only.options))
    default: self = .verbatim(kind: qdisc.kind, options: options)
    }
  }

  private static func number(_ options: [UInt8]) throws(MalformedMessage) -> UInt64 {
    guard let value = UInt32(nativeBytes: options.prefix(4)) else {
      throw MalformedMessage("a limit of \(options.count) bytes")
    }
    return UInt64(value)
  }

  private static func number(_ options: [UInt8], _ type: some BinaryInteger)
    throws(MalformedMessage) -> UInt64?
  {
    let value = try AttributeReader(options)[type]?.uint32()
    return value.map(UInt64.init)
  }

  /// Whether `actual`, decoded from a dump, is what this asks for. What is left to the kernel
  /// here may be anything there; a burst may differ by what goes out in a tick.
  package func isMet(by actual: QdiscSpecification) -> Bool {
    switch (self, actual) {
    case (.pfifo(let asked), .pfifo(let found)), (.bfifo(let asked), .bfifo(let found)),
      (.fq(let asked), .fq(let found)), (.fqCodel(let asked), .fqCodel(let found)):
      asked == nil || asked == found
    case (.tbf(let asked), .tbf(let found)):
      asked.rate == found.rate && asked.limitBytes == found.limitBytes
        && Self.sameBurst(asked.burst, found.burst, rate: asked.rate)
    case (.htb(let asked), .htb(let found)):
      asked.rate == found.rate && (asked.quantum == nil || asked.quantum == found.quantum)
        && Self.sameBurst(asked.effectiveBurst, found.effectiveBurst, rate: asked.rate)
    case (.cake(let asked), .cake(let found)): asked.isMet(by: found)
    case (.netem(let asked), .netem(let found)): asked.isMet(by: found)
    default: self == actual
    }
  }

  private static func sameBurst(_ asked: UInt64, _ found: UInt64, rate: UInt64) -> Bool {
    let slack = RateSpecification(bitsPerSecond: rate).bytes(in: 2) + 1
    return max(asked, found) - min(asked, found) <= slack
  }
}
