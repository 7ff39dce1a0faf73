/// A sort of number that tc(8) writes with a unit, kept as a whole number of the smallest one.
///
/// Everything is pure text work. The words are those of tc(8), "PARAMETERS"; letters may be large
/// or small. Where tc would take a bare number for something surprising, a unit is asked for.
enum TrafficQuantity: Sendable, Hashable {
  /// Bits per second; decimal multiples.
  case rate
  /// Bytes; binary multiples, and a bare number.
  case size
  /// Nanoseconds.
  case time
  /// Millionths of a percent.
  case probability
  /// A bare number of frames.
  case count

  /// The units, the largest first; the first of equal ones is canonical.
  private var units: [(suffix: String, factor: UInt64)] {
    switch self {
    case .rate:
      [
        ("tbit", 1_000_000_000_000), ("gbit", 1_000_000_000), ("mbit", 1_000_000),
        ("kbit", 1000), ("bit", 1),
      ]
    case .size:
      [
        ("gb", 1 << 30), ("mb", 1 << 20), ("kb", 1 << 10), ("", 1), ("g", 1 << 30),
        ("m", 1 << 20), ("k", 1 << 10), ("b", 1),
      ]
    case .time:
      [("s", 1_000_000_000), ("ms", 1_000_000), ("us", 1000), ("ns", 1)]
    case .probability: [("%", 1_000_000)]
    case .count: [("", 1)]
    }
  }

  /// What a right value looks like, for the error.
  var expectation: String {
    switch self {
    case .rate: "a rate such as 100mbit (bit, kbit, mbit, gbit or tbit per second)"
    case .size: "a size such as 32kb (bytes without a unit, kb, mb or gb)"
    case .time: "a time such as 1ms (ns, us, ms or s)"
    case .probability: "a share such as 0.1% (0% to 100%)"
    case .count: "a whole number of frames"
    }
  }

  /// Reads `1.5gbit`, `32kb`, `100us`, `0.1%` or `1000`; nil if it is not that, or too large.
  func parse(_ text: String) -> UInt64? {
    let text = text.lowercased()
    let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    let suffix = text.dropFirst(digits.count)
    guard let factor = units.first(where: { $0.suffix == suffix })?.factor else { return nil }
    let limit: UInt64 = self == .probability ? 100_000_000 : 1 << 53
    let value: UInt64
    if let whole = UInt64(digits) {
      let (product, overflow) = whole.multipliedReportingOverflow(by: factor)
      if overflow { return nil }
      value = product
    } else {
      guard self != .count, let number = Double(digits) else { return nil }
      let product = (number * Double(factor)).rounded()
      guard product < 0x1p53 else { return nil }
      value = UInt64(product)
    }
    return value <= limit ? value : nil
  }

  /// The canonical text: the largest unit in which the value is whole.
  func describe(_ value: UInt64) -> String {
    if self == .probability { return Self.percent(value) }
    let unit = units.first { value % $0.factor == 0 && value >= $0.factor }
    // Only 0 has no such unit.
    guard let unit else { return "0" + (units.last?.suffix ?? "") }
    return "\(value / unit.factor)\(unit.suffix)"
  }

  private static func percent(_ millionths: UInt64) -> String {
    let (whole, fraction) = millionths.quotientAndRemainder(dividingBy: 1_000_000)
    if fraction == 0 { return "\(whole)%" }
    var digits = String(String(1_000_000 + fraction).dropFirst())
    while digits.hasSuffix("0") { digits.removeLast() }
    return "\(whole).\(digits)%"
  }
}
