import Foundation

/// A moment in UTC with nanoseconds, as RFC 3339 writes it: `2026-01-02T03:04:05.123456789Z`.
package enum Timestamp {
  /// - Parameter nanoseconds: since 1970-01-01T00:00:00Z, leap seconds not counted.
  package static func text(_ nanoseconds: UInt64) -> String {
    let (seconds, fraction) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
    let (days, second) = seconds.quotientAndRemainder(dividingBy: 86400)
    let (year, month, day) = civil(Int(days))
    let date = "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
    let time = [second / 3600, second / 60 % 60, second % 60].map { padded(Int($0), 2) }
    return "\(date)T\(time.joined(separator: ":")).\(padded(Int(fraction), 9))Z"
  }

  /// Reads exactly what ``text(_:)`` writes; nil for anything else, also for days that no month has.
  package static func nanoseconds(_ text: String) -> UInt64? {
    let bytes = Array(text.utf8)
    guard bytes.count == 30 else { return nil }
    func number(_ range: Range<Int>) -> UInt64? {
      let digits = bytes[range]
      guard digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
        return nil
      }
      return digits.reduce(0) { $0 * 10 + UInt64($1 - UInt8(ascii: "0")) }
    }
    guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10),
      let hour = number(11..<13), let minute = number(14..<16), let second = number(17..<19),
      let fraction = number(20..<29), (1970...2553).contains(year), (1...12).contains(month),
      (1...31).contains(day)
    else { return nil }
    let days = UInt64(daysSinceEpoch(Int(year), Int(month), Int(day)))
    let seconds = days * 86400 + hour * 3600 + minute * 60 + second
    let nanoseconds = seconds * 1_000_000_000 + fraction
    // A field out of its range, or a wrong mark, does not come out as it went in.
    return Self.text(nanoseconds) == text ? nanoseconds : nil
  }

  private static func padded(_ number: Int, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }

  /// The Gregorian date of a day since 1970-01-01, in years that begin in March: then the leap day
  /// is the last of its year, and months have a regular pattern of lengths.
  private static func civil(_ days: Int) -> (year: Int, month: Int, day: Int) {
    let shifted = days + 719_468
    let (era, dayOfEra) = shifted.quotientAndRemainder(dividingBy: 146_097)
    let yearOfEra =
      (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
  }

  private static func daysSinceEpoch(_ year: Int, _ month: Int, _ day: Int) -> Int {
    let shiftedYear = month <= 2 ? year - 1 : year
    let (era, yearOfEra) = shiftedYear.quotientAndRemainder(dividingBy: 400)
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }
}
