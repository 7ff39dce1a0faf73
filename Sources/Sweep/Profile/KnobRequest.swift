package import Measurement

/// The values of one knob that a profile asks to try, before the device has said what it allows.
package struct KnobRequest: Hashable, Sendable {
  package let name: KnobName
  package let values: Values
  /// The line of the profile, for errors that only the device can raise.
  package let line: Int

  /// What stands behind the knob's name.
  package enum Values: Hashable, Sendable {
    /// `[1, 2, max]`, `[default, fq_codel]`
    case list([Item])
    /// `{from: 256, to: max, scale: log2}`: from, then doubled, up to and with `to`. After 0
    /// comes 1.
    case doubling(from: Bound, to: Bound)
    /// `{from: 0, to: 100, step: 10}`
    case stepping(from: Bound, to: Bound, step: Int)
  }

  package enum Item: Hashable, Sendable {
    case value(KnobValue)
    case bound(Bound)
    /// Leave the knob as it was found.
    case asFound
  }

  /// A number, or an end of the range that the device allows.
  package enum Bound: Hashable, Sendable {
    case number(Int)
    case minimum
    case maximum
  }

  /// The most values that one knob may have in a sweep.
  package static let limit = 64

  /// The values in the order asked for, each once; `nil` stands for "as found".
  ///
  /// - Parameter range: what the device allows; nil for a knob without numbers.
  /// - Throws: `KnobRequest.Problem` with a text for the user.
  package func resolve(in range: ClosedRange<Int>?) throws(Problem) -> [KnobValue?] {
    var found: [KnobValue?] = []
    switch values {
    case .list(let items):
      for item in items {
        switch item {
        case .value(let value): found.append(value)
        case .bound(let bound): found.append(.number(try number(bound, in: range)))
        case .asFound: found.append(nil)
        }
      }
    case .doubling(let from, let to):
      let first = try number(from, in: range)
      let last = try number(to, in: range)
      guard first <= last else {
        throw Problem("\(name) cannot be doubled from \(first) to \(last); swap them")
      }
      var next = first
      while next < last {
        found.append(.number(next))
        let (twice, overflow) = next.multipliedReportingOverflow(by: 2)
        next = overflow ? last : max(1, twice)
      }
      found.append(.number(last))
    case .stepping(let from, let to, let step):
      let first = try number(from, in: range)
      let last = try number(to, in: range)
      guard last >= first, (last - first) / step < Self.limit else {
        throw Problem(
          "\(name) from \(first) to \(last) by \(step) is not 1 to \(Self.limit) values")
      }
      found = stride(from: first, through: last, by: step).map { .number($0) }
    }
    var seen: Set<KnobValue?> = []
    return found.filter { seen.insert($0).inserted }
  }

  private func number(_ bound: Bound, in range: ClosedRange<Int>?) throws(Problem) -> Int {
    switch (bound, range) {
    case (.number(let number), _): return number
    case (.minimum, let range?): return range.lowerBound
    case (.maximum, let range?): return range.upperBound
    case (_, nil): throw Problem("\(name) has no smallest or largest value; list its values")
    }
  }

  /// Why the values cannot be made out.
  package struct Problem: Error, Hashable, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
  }
}
