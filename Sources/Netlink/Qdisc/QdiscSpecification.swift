/// A root qdisc in the words of tc(8): what a profile names and what a device is given.
///
/// `description` is canonical: parsing it gives the same value.
package enum QdiscSpecification: Sendable, Hashable, CustomStringConvertible {
  /// `default`: whatever the kernel attaches when there is nothing else.
  case deviceDefault
  /// Frames go to the device at once, and are dropped when it is full.
  case noqueue
  /// Frames; nil for the device's `txqueuelen`.
  case pfifo(limit: UInt64?)
  /// Bytes; nil for `txqueuelen` frames of the MTU.
  case bfifo(limit: UInt64?)
  case pfifoFast
  /// One default qdisc for each queue; only on devices with several.
  case mq
  /// Frames; nil for the kernel's choice.
  case fq(limit: UInt64?)
  case fqCodel(limit: UInt64?)
  case cake(CakeShaper)
  case tbf(TokenBucket)
  case htb(HierarchicalTokenBucket)
  case netem(NetworkEmulation)
  /// `KIND verbatim HEX`: a qdisc with the options that a dump had, for putting it back.
  case verbatim(kind: String, options: [UInt8])

  /// The kinds that can be spelled out.
  package static let kinds = [
    "noqueue", "pfifo", "bfifo", "pfifo_fast", "mq", "fq", "fq_codel", "cake", "tbf", "htb",
    "netem",
  ]

  static let rates: ClosedRange<UInt64> = 8...8_000_000_000_000
  static let sizes: ClosedRange<UInt64> = 1...UInt64(UInt32.max)
  static let counts: ClosedRange<UInt64> = 1...UInt64(UInt32.max)
  /// Nanoseconds that fit in 32 bits of ticks.
  static let times: ClosedRange<UInt64> = 0...UInt64(UInt32.max) * RateSpecification.tick

  /// Reads `tbf rate 100mbit burst 32kb latency 50ms`, `default`, …
  ///
  /// - Throws: ``QdiscSyntaxError`` that says what is wrong and what is allowed.
  package init(parsing text: String) throws(QdiscSyntaxError) {
    let words = text.split { $0 == " " || $0 == "\t" || $0.isNewline }.map(String.init)
    guard let kind = words.first else {
      throw QdiscSyntaxError(text: text, reason: "no kind; \(Self.known)")
    }
    if words.count > 1, words[1] == "verbatim" {
      self = try Self.verbatim(kind, Array(words[2...]), text)
      return
    }
    guard let keys = Self.keys(of: kind) else {
      throw QdiscSyntaxError(text: text, reason: "unknown kind \"\(kind)\"; \(Self.known)")
    }
    let options = try QdiscWords(words.dropFirst(), of: kind, in: text, keys: keys)
    switch kind {
    case "default": self = .deviceDefault
    case "noqueue": self = .noqueue
    case "pfifo": self = .pfifo(limit: try options.value("limit", .count, in: Self.counts))
    case "bfifo": self = .bfifo(limit: try options.value("limit", .size, in: Self.sizes))
    case "pfifo_fast": self = .pfifoFast
    case "mq": self = .mq
    case "fq": self = .fq(limit: try options.value("limit", .count, in: Self.counts))
    case "fq_codel": self = .fqCodel(limit: try options.value("limit", .count, in: Self.counts))
    case "cake": self = .cake(try CakeShaper(options))
    case "tbf": self = .tbf(try TokenBucket(options))
    case "htb": self = .htb(try HierarchicalTokenBucket(options))
    default: self = .netem(try NetworkEmulation(options))
    }
  }

  private static var known: String { "known are default, \(kinds.joined(separator: ", "))" }

  private static func keys(of kind: String) -> [String]? {
    switch kind {
    case "default", "noqueue", "pfifo_fast", "mq": []
    case "pfifo", "bfifo", "fq", "fq_codel": ["limit"]
    case "cake": CakeShaper.keys
    case "tbf": TokenBucket.keys
    case "htb": HierarchicalTokenBucket.keys
    case "netem": NetworkEmulation.keys
    default: nil
    }
  }

  private static func verbatim(_ kind: String, _ words: [String], _ text: String)
    throws(QdiscSyntaxError) -> QdiscSpecification
  {
    let digits = Array((words.first ?? "").utf8)
    let bytes = stride(from: 0, to: digits.count - 1, by: 2).compactMap {
      UInt8(String(decoding: digits[$0...($0 + 1)], as: UTF8.self), radix: 16)
    }
    guard words.count <= 1, bytes.count * 2 == digits.count, bytes.count < 1 << 15,
      kind.utf8.count < 16
    else {
      throw QdiscSyntaxError(
        text: text, reason: "verbatim takes the options' bytes in hexadecimal, as we wrote them")
    }
    return .verbatim(kind: kind, options: bytes)
  }

  package var description: String {
    switch self {
    case .deviceDefault: "default"
    case .noqueue, .pfifoFast, .mq: kind
    case .pfifo(let limit), .fq(let limit), .fqCodel(let limit):
      kind + (limit.map { " limit \($0)" } ?? "")
    case .bfifo(let limit):
      kind + (limit.map { " limit \(TrafficQuantity.size.describe($0))" } ?? "")
    case .cake(let shaper): shaper.description
    case .tbf(let bucket): bucket.description
    case .htb(let bucket): bucket.description
    case .netem(let emulation): emulation.description
    case .verbatim(_, let options):
      options.isEmpty
        ? "\(kind) verbatim"
        : "\(kind) verbatim "
          + options.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
  }

  /// The kernel's name; `default` has none.
  package var kind: String {
    switch self {
    case .deviceDefault: "default"
    case .noqueue: "noqueue"
    case .pfifo: "pfifo"
    case .bfifo: "bfifo"
    case .pfifoFast: "pfifo_fast"
    case .mq: "mq"
    case .fq: "fq"
    case .fqCodel: "fq_codel"
    case .cake: "cake"
    case .tbf: "tbf"
    case .htb: "htb"
    case .netem: "netem"
    case .verbatim(let kind, _): kind
    }
  }
}
