/// How often times came, as bars of text: one line for each step of a 1-2-5 scale.
package struct TimeBars: Hashable, Sendable {
  /// A step of the scale: times from here, up to the next one.
  package struct Step: Hashable, Sendable {
    /// Nanoseconds.
    package let from: UInt64
    package let to: UInt64
    package var count: UInt64
  }

  /// From the step of the shortest time to that of the longest, those without any too.
  package private(set) var steps: [Step] = []

  /// - Parameter times: nanoseconds, ascending, and how often each came.
  package init(_ times: [(nanoseconds: UInt64, count: UInt64)]) {
    guard let longest = times.last?.nanoseconds, let shortest = times.first?.nanoseconds else {
      return
    }
    var from: UInt64 = 0
    var to: UInt64 = 1000
    while from <= longest {
      if to > shortest { steps.append(Step(from: from, to: to, count: 0)) }
      from = to
      to = Self.next(after: to)
    }
    var index = 0
    for (time, count) in times {
      while time >= steps[index].to { index += 1 }
      steps[index].count += count
    }
  }

  /// 1, 2, 5, 10, … thousand.
  private static func next(after value: UInt64) -> UInt64 {
    var unit: UInt64 = 1
    while value / unit >= 10 { unit *= 10 }
    return value / unit == 2 ? 5 * unit : 2 * value
  }

  /// A line for each step, ended by a line feed. A bar is as long as its share of the most frequent
  /// step; what is there at all has a mark.
  ///
  /// - Parameter width: of the terminal, characters.
  package func text(width: Int = 80) -> String {
    let most = steps.map(\.count).max() ?? 0
    let counts = steps.map { "\($0.count)" }
    let longest = counts.map(\.count).max() ?? 0
    let room = max(10, min(width, 100) - 26 - longest)
    return zip(steps, counts).map { step, count in
      let eighths = most == 0 ? 0 : Int(Double(step.count) / Double(most) * Double(room) * 8)
      let bar = String(repeating: "█", count: eighths / 8) + Self.tail(eighths % 8)
      let padded = String(repeating: " ", count: longest - count.count) + count
      let mark = bar.isEmpty && step.count > 0 ? "▏" : bar
      let label = "\(Self.label(step.from)) … \(Self.label(step.to))  \(padded)"
      return mark.isEmpty ? label + "\n" : "\(label)  \(mark)\n"
    }.joined()
  }

  private static func tail(_ eighths: Int) -> String {
    eighths == 0 ? "" : String(["▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths - 1])
  }

  /// Seven characters: `   5 us`, ` 200 ms`.
  private static func label(_ nanoseconds: UInt64) -> String {
    let units: [(UInt64, String)] = [(1_000_000_000, "s "), (1_000_000, "ms"), (1000, "us")]
    let (factor, unit) = units.first { nanoseconds >= $0.0 } ?? (1000, "us")
    let number = "\(nanoseconds / factor)"
    return String(repeating: " ", count: max(0, 4 - number.count)) + number + " " + unit
  }
}
