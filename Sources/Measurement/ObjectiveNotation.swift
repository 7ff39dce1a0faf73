import Foundation

/// Why a text is not an objective or constraint, and what would be.
package struct ObjectiveError: Error, Hashable, Sendable, CustomStringConvertible {
  package let description: String
  package init(_ description: String) { self.description = description }
}

extension Objective {
  /// Reads the one-line notation: `maximise METRIC[; subject-to BOUND, …][; effect P%]`, the same
  /// with `minimise METRIC` or with `pareto METRIC, METRIC[, METRIC]`.
  ///
  /// Throws with the part that is wrong, and with the nearest metric if its name is.
  package init(parsing text: String) throws(ObjectiveError) {
    let parts = text.split(separator: ";", omittingEmptySubsequences: false).map(trimmed)
    let aims = try Self.aims(parts[0])
    var constraints: [Constraint]?
    var effect: Double?
    for part in parts.dropFirst() {
      let keyword = part.prefix { !$0.isWhitespace }
      let rest = trimmed(part.dropFirst(keyword.count))
      switch keyword {
      case "subject-to" where constraints == nil:
        var bounds: [Constraint] = []
        for bound in rest.split(separator: ",", omittingEmptySubsequences: false) {
          bounds.append(try Constraint(parsing: String(bound)))
        }
        constraints = bounds
      case "effect" where effect == nil:
        effect = try Self.percent(parsing: rest)
      case "subject-to", "effect":
        throw ObjectiveError("\(keyword) stands twice in '\(text)'")
      default:
        throw ObjectiveError(
          "'\(part)' is neither 'subject-to BOUND, …' nor 'effect PERCENT%' in '\(text)'")
      }
    }
    try self.init(
      aims, subjectTo: constraints ?? [],
      effectPercent: effect ?? Self.defaultEffectPercent)
  }

  /// Reads `2%`.
  package static func percent(parsing text: String) throws(ObjectiveError) -> Double {
    guard text.hasSuffix("%"), let value = number(trimmed(text.dropLast())) else {
      throw ObjectiveError("'\(text)' is not a percentage: write it as 2%")
    }
    return value
  }

  private static func aims(_ text: String) throws(ObjectiveError) -> [Aim] {
    let words = text.split(whereSeparator: \.isWhitespace).map(String.init)
    if words.first == paretoWord { return try pareto(trimmed(text.dropFirst(paretoWord.count))) }
    guard words.count == 2, let goal = Goal(rawValue: words[0]) else {
      throw ObjectiveError(
        "'\(text)' is not a goal: write 'maximise METRIC', 'minimise METRIC' or "
          + "'pareto METRIC, METRIC'")
    }
    return [try Aim(goal, Metric(parsing: words[1]))]
  }

  /// Reads `METRIC, METRIC[, METRIC]`.
  private static func pareto(_ text: String) throws(ObjectiveError) -> [Aim] {
    let names = text.split(separator: ",", omittingEmptySubsequences: false).map(trimmed)
    var aims: [Aim] = []
    for name in names where !text.isEmpty {
      let aim = try Aim(bettering: Metric(parsing: name))
      guard !aims.contains(aim) else {
        throw ObjectiveError("\(paretoWord) has \(name) twice: name different metrics")
      }
      aims.append(aim)
    }
    guard paretoCounts.contains(aims.count) else {
      throw ObjectiveError(
        "\(paretoWord) takes two or three metrics, not \(aims.count): for one write maximise or "
          + "minimise, and bound others with subject-to")
    }
    return aims
  }
}

extension Constraint {
  /// Reads `METRIC <= BOUND` or `METRIC >= BOUND`, where BOUND is `NUMBER`, `NUMBERx baseline` or
  /// `NUMBERx baseline + NUMBER`.
  package init(parsing text: String) throws(ObjectiveError) {
    let whole = trimmed(text)
    for comparison in Comparison.allCases {
      let sides = whole.components(separatedBy: comparison.rawValue)
      guard sides.count == 2 else { continue }
      let metric = try Metric(parsing: trimmed(sides[0]))
      let bound = try Self.bound(trimmed(sides[1]))
      try self.init(metric, comparison, multiple: bound.multiple, offset: bound.offset)
      return
    }
    throw ObjectiveError(
      "'\(whole)' is not a constraint: write it as 'loss_ratio <= 0.001' "
        + "or 'latency_p99_us <= 1.10x baseline'")
  }

  private static func bound(
    _ text: String
  ) throws(ObjectiveError) -> (multiple: Double?, offset: Double) {
    if let plain = number(text) { return (nil, plain) }
    // A plus may be the sign of an exponent, so it is the one behind the word that counts.
    if let word = text.range(of: "baseline") {
      let share = trimmed(text[..<word.lowerBound])
      let rest = trimmed(text[word.upperBound...])
      let offset = rest.isEmpty ? 0 : rest.first == "+" ? number(trimmed(rest.dropFirst())) : nil
      if share.hasSuffix("x"), let multiple = number(String(share.dropLast())), let offset {
        return (multiple, offset)
      }
    }
    throw ObjectiveError(
      "'\(text)' bounds nothing: write a number, as 0.001, a multiple, as 1.10x baseline, or both, "
        + "as 1.05x baseline + 0.001")
  }
}

extension Metric {
  /// Finds the metric of that name; the error names the nearest.
  package init(parsing name: String) throws(ObjectiveError) {
    guard let metric = Metric.named(name) else {
      let hint =
        nearest(to: name, among: Metric.all.map(\.name)).map { "did you mean \($0)?" }
        ?? "the metrics are \(Metric.all.map(\.name).joined(separator: ", "))"
      throw ObjectiveError("there is no metric '\(name)': \(hint)")
    }
    self = metric
  }
}

private func trimmed(_ text: some StringProtocol) -> String {
  text.trimmingCharacters(in: .whitespaces)
}

/// A plain decimal number; nil for hexadecimal, infinity, NaN and everything else.
private func number(_ text: String) -> Double? {
  guard text.utf8.allSatisfy({ "+-.eE0123456789".utf8.contains($0) }) else { return nil }
  return Double(text).flatMap { $0.isFinite ? $0 : nil }
}
