/// What an effect means for whoever asked: a word for an interval and the smallest effect that
/// matters.
package enum Verdict: String, Sendable, Hashable, Codable, CaseIterable {
  /// At least the margin better, surely.
  case better
  /// At least the margin worse, surely.
  case worse
  /// Any difference is surely smaller than the margin.
  case equivalent
  /// More swap pairs would be needed to say.
  case inconclusive

  /// - Parameters:
  ///   - effect: its whole interval must lie beyond the margin to be better or worse, and within
  ///     to be equivalent.
  ///   - goal: which way is better.
  ///   - margin: the smallest difference that matters: 0.02 is 2 %.
  ///   - adjustedProbability: p corrected for the family of tests, if the effect is one of many;
  ///     better and worse need it below ``Estimate/alpha`` too.
  package init(
    _ effect: Effect?, _ goal: Goal, margin: Double, adjustedProbability: Double? = nil
  ) {
    guard let effect, let interval = effect.interval else {
      self = .inconclusive
      return
    }
    let proven = (adjustedProbability ?? effect.probability).map { $0 < Estimate.alpha } ?? false
    if interval.lower > 1 + margin {
      self = !proven ? .inconclusive : goal == .maximise ? .better : .worse
    } else if interval.upper < 1 - margin {
      self = !proven ? .inconclusive : goal == .maximise ? .worse : .better
    } else if interval.lower > 1 - margin, interval.upper < 1 + margin {
      self = .equivalent
    } else {
      self = .inconclusive
    }
  }
}

extension Effect {
  /// Whether the candidate is surely not worse than the reference by the margin or more.
  package func isNonInferior(_ goal: Goal, margin: Double) -> Bool {
    guard let interval else { return false }
    return goal == .maximise ? interval.lower > 1 - margin : interval.upper < 1 + margin
  }
}
