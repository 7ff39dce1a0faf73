/// The multiple loss ratio search, MLRsearch (RFC 9971): for each goal the largest load that keeps
/// its loss ratio, with a bound that passed and a bound that failed.
///
/// It measures nothing itself. It says what to measure ``next`` and is told what came of it:
///
/// ```swift
/// var search = try ThroughputSearch(from: 1000, to: 1_000_000)
/// while let trial = search.next, !interrupted {
///   search.take(try measure(trial))
/// }
/// print(search.results)
/// ```
///
/// ``results`` can be asked for at any time, so an interrupted search loses nothing. A trial that
/// broke a validity rule is not given to ``take(_:)``: ``next`` stays the same and is tried again.
/// The search depends on nothing but what it is told, and ends: loads are steps of a logarithmic
/// scale, and the time of all trials is limited. It makes the same trials as version 1.2.1 of the
/// reference implementation (PyPI MLRsearch).
package struct ThroughputSearch: Sendable {
  package enum Ending: Hashable, Sendable {
    /// Every goal has its result.
    case complete
    /// The trials took as long as they may.
    case timeLimit
  }

  package let goals: [SearchGoal]
  /// The time that all trials may take, s; the one under way when it is up is still done.
  package let timeLimit: Double

  /// What to measure next, nil at the end.
  package private(set) var next: SearchTrial?
  /// Nil as long as there is something to measure.
  package private(set) var ending: Ending?
  /// Every trial so far, the warm-up too, in order.
  package private(set) var trials: [MeasuredTrial] = []
  /// The time of all trials so far, s.
  package private(set) var elapsed = 0.0

  /// - Parameters:
  ///   - goals: at least one; results come in the same order.
  ///   - minimum: the least load to try, frames per second, from 0.001. A goal that fails there has
  ///     no result, so choose it low.
  ///   - maximum: the largest load to try, up to 10¹²: what the generator, the line or the frame
  ///     size allows. At least a millionth above the minimum.
  ///   - timeLimit: for all trials together, s.
  ///   - warmUp: a first trial at the maximum whose result counts for nothing, s; 0 for none.
  /// - Throws: if a value is out of its range.
  package init(
    goals: [SearchGoal] = SearchGoal.standard, from minimum: Double, to maximum: Double,
    timeLimit: Double = 1200, warmUp: Double = 1
  ) throws(SearchError) {
    self.goals = goals
    self.timeLimit = timeLimit
  }

  /// Takes what came of ``next`` and says in ``next`` what to do then.
  ///
  /// - Precondition: there is a ``next``.
  package mutating func take(_ measurement: SearchMeasurement) {}

  /// What is known of each goal by now, in the order of ``goals``.
  package var results: [GoalResult] { [] }
}
