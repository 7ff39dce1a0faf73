package import Measurement

/// The values that a knob takes on a device.
package enum Domain: Sendable, CustomStringConvertible {
  /// Whole numbers; `unit` is a plural such as `frames`, or empty.
  case range(ClosedRange<Int>, unit: String)
  case choices([KnobValue])
  /// Words of a small grammar. `check` returns the reason why a text does not fit, else nil; it
  /// throws where whoever knows cannot be asked.
  case words(grammar: String, check: @Sendable (String) throws -> String?)

  /// Stands for "the kernel names no maximum": the largest number of 32 bits.
  package static let unbounded = Int(UInt32.max)

  package func contains(_ value: KnobValue) throws -> Bool { try objection(to: value) == nil }

  /// The largest number, for a profile's `max`; nil where there are no numbers or no limit.
  package var maximum: Int? {
    switch self {
    case .range(let range, _): range.upperBound < Self.unbounded ? range.upperBound : nil
    case .choices(let values): values.compactMap(\.integer).max()
    case .words: nil
    }
  }

  /// The smallest number, for a profile's `min`; nil where there are no numbers.
  package var minimum: Int? {
    switch self {
    case .range(let range, _): range.lowerBound
    case .choices(let values): values.compactMap(\.integer).min()
    case .words: nil
    }
  }

  /// Why `value` is not in the domain, with the nearest one that is; nil if it is.
  package func objection(to value: KnobValue) throws -> String? {
    switch self {
    case .range(let range, _):
      guard case .number(let number) = value else {
        return "\(value) is no whole number; it takes \(self)"
      }
      if range.contains(number) { return nil }
      let nearest = min(max(number, range.lowerBound), range.upperBound)
      return "\(number) is out of range; it takes \(self), the nearest is \(nearest)"
    case .choices(let values):
      return values.contains(value) ? nil : "it takes \(self), not \(value)"
    case .words(_, let check):
      return try check(value.description)
    }
  }

  /// `1 to 4096 frames`, `on or off`, or the grammar.
  package var description: String {
    switch self {
    case .range(let range, let unit):
      let most = range.upperBound < Self.unbounded ? " to \(range.upperBound)" : " or more"
      return "\(range.lowerBound)\(most)" + (unit.isEmpty ? "" : " \(unit)")
    case .choices(let values):
      return values.map(\.description).formattedList(or: "or")
    case .words(let grammar, _):
      return grammar
    }
  }

  /// `on` and `off`.
  package static let flag = Domain.choices([.flag(true), .flag(false)])
}

extension KnobValue {
  /// The number, if it is one.
  package var integer: Int? {
    if case .number(let number) = self { return number }
    return nil
  }

  /// The number that the kernel's interfaces use: 1 and 0 for `on` and `off`.
  var kernelNumber: Int? {
    switch self {
    case .number(let number): number
    case .flag(let on): on ? 1 : 0
    case .word: nil
    }
  }
}

extension [String] {
  /// `a, b or c`.
  func formattedList(or word: String) -> String {
    guard let last, count > 1 else { return joined() }
    return dropLast().joined(separator: ", ") + " \(word) \(last)"
  }
}
