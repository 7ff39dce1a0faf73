/// What is known of a goal (RFC 9971, "Goal Results").
package struct GoalResult: Hashable, Sendable {
  package enum Outcome: Hashable, Sendable {
    /// Both bounds are there, as close together as the goal asks: the result to report.
    case regular
    /// Irregular: even the least load fails. There is no lower bound.
    case failsAtMinimum
    /// Irregular: even the largest load passes. There is no upper bound, and the system may do
    /// more than it was asked to.
    case passesAtMaximum
    /// The search was interrupted, is still on, or ran into its limit. The bounds that are there
    /// hold as far as they were measured.
    case unfinished
  }

  package let goal: SearchGoal
  package let outcome: Outcome

  /// The relevant lower bound: the largest load that passed, below every load that failed.
  package let lowerBound: SearchBound?
  /// The relevant upper bound: the least load that failed.
  package let upperBound: SearchBound?

  /// What got through at the lower bound, frames per second: its load × (1 − its loss ratio). The
  /// number to compare systems by; nil without a lower bound.
  package var conditionalThroughput: Double? {
    lowerBound.map { $0.load * (1 - $0.lossRatio) }
  }

  /// The largest load that passed although a smaller one, the upper bound, failed: *loss inversion*.
  /// Nil if there is none. Then a load between the two is no safe choice, and the lower bound is
  /// the number to go by.
  package let passedAbove: Double?

  /// (upper − lower) ÷ upper; nil without both.
  package var relativeWidth: Double? {
    guard let lowerBound, let upperBound else { return nil }
    return (upperBound.load - lowerBound.load) / upperBound.load
  }
}

/// A load that was measured until it was decided.
package struct SearchBound: Hashable, Sendable {
  /// Frames per second.
  package let load: Double
  /// How many trials this load had, short ones too.
  package let trials: Int
  /// How many of those lost more than the goal's loss ratio.
  package let highLossTrials: Int
  /// The time of those trials, s.
  package let seconds: Double
  /// 0…1: the loss ratio that the load keeps in all but the goal's exceed ratio of the time, from
  /// trials of full length alone; time that was not measured counts as all lost.
  package let lossRatio: Double
}
