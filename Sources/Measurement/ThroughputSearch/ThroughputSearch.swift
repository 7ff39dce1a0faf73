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
/// The search depends on nothing but what it is told, and it ends: the time of all trials is limited.
/// It makes the same trials as version 1.2.1 of the reference implementation, PyPI MLRsearch.
package struct ThroughputSearch: Sendable {
  package enum Ending: Hashable, Sendable {
    /// Every goal has its result, regular or irregular.
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

  private let scale: LoadScale
  private var book: TrialBook
  /// Where each goal's targets stand in the book.
  private let chains: [Range<Int>]
  private var stage: Stage
  /// The load of ``next``.
  private var step: Int
  private var pursuits: [GoalPursuit] = []
  /// How far every goal strides at least: two goals that look upwards do not get in each other's way.
  private var stride = 0

  /// What ``next`` is for.
  private enum Stage {
    case warmUp
    /// The largest load: does it pass, and if not, what gets through?
    case largest
    /// What got through.
    case forwarded
    /// A load near that one, to have one on either side of what is looked for.
    case neighbour(of: Int)
    case pursuit(goal: Int, GoalPursuit.Nomination)
  }

  /// - Parameters:
  ///   - goals: at least one; results come in the same order.
  ///   - minimum: the least load to try, frames per second, from 0.001. A goal that fails there has
  ///     no result, so choose it low.
  ///   - maximum: the largest load to try, up to 10¹²: what the generator, the line or the frame
  ///     size allows. At least a millionth above the minimum.
  ///   - timeLimit: for all trials together, s, above 0.
  ///   - warmUp: a first trial at the maximum whose result counts for nothing, s; 0 for none.
  /// - Throws: if a value is out of its range.
  package init(
    goals: [SearchGoal] = SearchGoal.standard, from minimum: Double, to maximum: Double,
    timeLimit: Double = 1200, warmUp: Double = 1
  ) throws(SearchError) {
    guard !goals.isEmpty else { throw SearchError("a search has at least one goal") }
    for goal in goals { try goal.validate() }
    guard minimum >= 0.001, maximum <= 1e12, minimum * 1.000001 <= maximum else {
      throw SearchError("loads are 0.001 to 10¹² frames/s, the largest above the least")
    }
    guard timeLimit > 0, timeLimit.isFinite else {
      throw SearchError("the time limit of a search is above 0 s")
    }
    guard (0...SearchGoal.longestTrial).contains(warmUp) else {
      throw SearchError("a warm-up takes 0 s or more, and at most a day")
    }
    self.goals = goals
    self.timeLimit = timeLimit
    scale = LoadScale(from: minimum, to: maximum, relativeWidths: goals.map(\.relativeWidth))
    var targets: [SearchTarget] = []
    var chains: [Range<Int>] = []
    for goal in goals {
      let first = targets.count
      targets += SearchTarget.chain(to: goal, on: scale)
      chains.append(first..<targets.count)
    }
    self.chains = chains
    book = TrialBook(targets)
    stage = warmUp > 0 ? .warmUp : .largest
    step = scale.top
    let duration = warmUp > 0 ? warmUp : initial.duration
    next = SearchTrial(
      load: maximum, duration: duration, purpose: warmUp > 0 ? .warmUp : .initial)
  }

  /// Takes what came of ``next`` and says in ``next`` what to do then.
  ///
  /// - Precondition: there is a ``next``.
  package mutating func take(_ measurement: SearchMeasurement) {
    guard let trial = next else { preconditionFailure("no trial was asked for") }
    let measured = MeasuredTrial(trial: trial, measurement: measurement)
    trials.append(measured)
    elapsed += measured.seconds
    if case .warmUp = stage { return ask(scale.top, .largest) }
    book.add(measured, at: step)
    switch stage {
    case .warmUp, .largest: goOnFromLargest(measurement.lossRatio)
    case .forwarded: goOnFromForwarded(measurement.lossRatio)
    case .neighbour(let other): pursue(from: SearchInterval(other, step))
    case .pursuit(let goal, let nomination):
      stride = nomination.stride
      stride = pursuits[goal].learn(nomination, book, scale) ?? stride
      pursue()
    }
  }

  /// What is known of each goal by now, in the order of ``goals``.
  package var results: [GoalResult] {
    zip(goals, chains).map { goal, chain in
      let target = chain.upperBound - 1
      let bounds = book.bounds(target)
      let passed = book.largestPassed(target)
      return GoalResult(
        goal: goal, outcome: outcome(bounds, width: book.targets[target].width),
        lowerBound: bounds.lower.map { bound(at: $0, target) },
        upperBound: bounds.upper.map { bound(at: $0, target) },
        passedAbove: passed == bounds.lower ? nil : passed.map(scale.load(at:)))
    }
  }

  private func outcome(_ bounds: TrialBook.Bounds, width: Int) -> GoalResult.Outcome {
    switch (bounds.lower, bounds.upper) {
    case (let lower?, let upper?) where upper - lower <= width: .regular
    case (scale.top, nil): .passesAtMaximum
    case (nil, 0): .failsAtMinimum
    default: .unfinished
    }
  }

  private func bound(at step: Int, _ target: Int) -> SearchBound {
    let target = book.targets[target]
    let trials = book.trials(at: step)
    return SearchBound(
      load: scale.load(at: step), trials: trials.count,
      highLossTrials: trials.count { $0.measurement.lossRatio > target.lossRatio },
      seconds: trials.reduce(0) { $0 + $1.seconds },
      lossRatio: LoadTally.conditionalLossRatio(trials, target))
  }
}

// MARK: The course of a search

extension ThroughputSearch {
  /// What the first trials are like, so that they tell every goal something: the smallest loss ratio,
  /// the longest duration and the largest width that a goal begins with.
  private var initial: (lossRatio: Double, duration: Double, width: Int) {
    let first = chains.map { book.targets[$0.lowerBound] }
    return (
      first.map(\.lossRatio).min() ?? 0, first.map(\.trialDuration).max() ?? 0,
      first.map(\.width).max() ?? 0
    )
  }

  private mutating func ask(_ step: Int, _ stage: Stage) {
    self.step = step
    self.stage = stage
    var duration = initial.duration
    var purpose = SearchTrial.Purpose.initial
    if case .pursuit(let goal, let nomination) = stage {
      duration = nomination.duration
      purpose = .goal(goal)
    }
    next = SearchTrial(load: scale.load(at: step), duration: duration, purpose: purpose)
  }

  /// What would get through of the last load at the smallest loss ratio, were every frame above that
  /// load lost.
  private func forwarded(_ lossRatio: Double) -> Int {
    let rate = scale.load(at: step) * (1 - lossRatio)
    return scale.step(notAbove: rate * (1 / (1 - initial.lossRatio)))
  }

  private mutating func goOnFromLargest(_ lossRatio: Double) {
    let forwarded = forwarded(lossRatio)
    guard forwarded < scale.top else { return pursue(from: SearchInterval(step, step)) }
    let all = SearchInterval(0, scale.top)
    // The least load is open, so there is always one to try.
    let next = all.admitted(forwarded, width: initial.width, lowerIsOpen: true, upperIsOpen: false)
    ask(next ?? 0, .forwarded)
  }

  private mutating func goOnFromForwarded(_ lossRatio: Double) {
    let width = initial.width
    var neighbour: Int?
    if lossRatio > initial.lossRatio {
      let forwarded = forwarded(lossRatio)
      if forwarded < step {
        neighbour = SearchInterval(0, step).admitted(
          forwarded, width: width, lowerIsOpen: true, upperIsOpen: false)
      }
    } else if step + width < scale.top {
      neighbour = SearchInterval(step, scale.top).admitted(
        step + width, width: width, lowerIsOpen: false, upperIsOpen: false)
    }
    guard let neighbour else { return pursue(from: SearchInterval(step, step)) }
    ask(neighbour, .neighbour(of: step))
  }

  private mutating func pursue(from start: SearchInterval) {
    stride = start.width
    pursuits = chains.map { GoalPursuit($0, from: start, book, on: scale) }
    pursue()
  }

  /// Of what the goals would try next takes the one that goes first.
  private mutating func pursue() {
    next = nil
    var best: (goal: Int, nomination: GoalPursuit.Nomination)?
    for goal in pursuits.indices {
      guard let nomination = pursuits[goal].nominate(book, scale, common: stride) else { continue }
      if best.map({ nomination.isBefore($0.nomination) }) ?? true { best = (goal, nomination) }
    }
    guard let best else { return ending = .complete }
    guard elapsed < timeLimit else { return ending = .timeLimit }
    ask(best.nomination.step, .pursuit(goal: best.goal, best.nomination))
  }
}
