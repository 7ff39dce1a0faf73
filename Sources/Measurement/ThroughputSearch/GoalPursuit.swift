/// The way to one goal: which load to try next, as this goal alone would have it.
///
/// It works through the goal's targets, coarsest first. For each it tries, in this order:
/// 1. the middle of the bounds that the target before has left, if they are about twice as wide as
///    wanted now, then those bounds themselves;
/// 2. while a bound is missing, strides outwards that grow;
/// 3. with both bounds, halves what is between them; but where the loads that the target before
///    found lie nearer to one bound, it strides from that bound as if the other were missing: the
///    far bound may be another goal's find and say little about this one.
struct GoalPursuit: Sendable {
  /// A load that a pursuit would try next.
  struct Nomination: Hashable {
    let step: Int
    /// Of the trial, s.
    let duration: Double
    /// How wide the strides of all goals are to be after it.
    let stride: Int
    /// This goal's own strides grow if the load turns out to be this bound: what was looked for lies
    /// beyond it.
    var growsOn: SearchSide?

    /// Whether this is to be tried before another: lower loads first, as they make fewer losses;
    /// then longer trials, then wider strides. Of equals neither is before the other.
    func isBefore(_ other: Nomination) -> Bool {
      (-step, duration, stride) > (-other.step, other.duration, other.stride)
    }
  }

  /// Where its targets stand in the book, coarsest first.
  private let targets: Range<Int>
  private(set) var target: Int
  /// The two loads to begin with, nil where that end of the scale was reached.
  private var start: TrialBook.Bounds
  /// How far to go when a bound is missing, in steps.
  private var stride: Int

  init(_ targets: Range<Int>, from start: SearchInterval, _ book: TrialBook, on scale: LoadScale) {
    self.targets = targets
    self.start = TrialBook.Bounds(lower: start.lower, upper: start.upper)
    target = targets.lowerBound
    stride = 0
    begin(book, scale)
  }

  /// What to try next; nil if the goal has its result.
  ///
  /// - Parameter common: the width of the strides of all goals.
  mutating func nominate(_ book: TrialBook, _ scale: LoadScale, common: Int) -> Nomination? {
    while true {
      let prospects = Prospects(
        book.targets[target], book.bounds(target), start, scale, stride: max(stride, common))
      if let step = prospects.middleOfStart ?? prospects.lowerStart ?? prospects.upperStart {
        limitStride(to: prospects.target.width, book, scale)
        return Nomination(
          step: step, duration: prospects.target.trialDuration, stride: prospects.target.width)
      }
      if let found = prospects.strideDown ?? prospects.strideUp { return found }
      if let found = prospects.between {
        if found.growsOn == nil { limitStride(to: found.stride, book, scale) }
        return found
      }
      guard target + 1 < targets.upperBound else { return nil }
      start = prospects.bounds
      target += 1
      begin(book, scale)
    }
  }

  /// Learns that its nomination was measured. Returns how wide the strides of all goals are now, if
  /// it changed that.
  mutating func learn(_ nomination: Nomination, _ book: TrialBook, _ scale: LoadScale) -> Int? {
    guard let side = nomination.growsOn, book.bounds(target)[side] == nomination.step else {
      return nil
    }
    stride = grown(stride, book, scale)
    return stride
  }

  private mutating func begin(_ book: TrialBook, _ scale: LoadScale) {
    var width = 0
    if let lower = start.lower, let upper = start.upper { width = upper - lower }
    limitStride(to: width, book, scale)
  }

  private mutating func limitStride(to width: Int, _ book: TrialBook, _ scale: LoadScale) {
    stride = grown(max(width, book.targets[target].width), book, scale)
  }

  /// Never more than the whole scale, so it stays a number however often it grows.
  private func grown(_ stride: Int, _ book: TrialBook, _ scale: LoadScale) -> Int {
    min(stride, scale.top) * book.targets[target].expansionCoefficient
  }
}

/// What one target, with what is known for it, would try next, by each of the ways there are.
private struct Prospects {
  typealias Nomination = GoalPursuit.Nomination

  let target: SearchTarget
  let bounds: TrialBook.Bounds
  let start: TrialBook.Bounds
  let scale: LoadScale
  let stride: Int

  init(
    _ target: SearchTarget, _ bounds: TrialBook.Bounds, _ start: TrialBook.Bounds,
    _ scale: LoadScale, stride: Int
  ) {
    self.target = target
    self.bounds = bounds
    self.start = start
    self.scale = scale
    self.stride = min(stride, scale.top)
  }

  /// Whether a load can become a better bound, and one is needed.
  private func isWorthwhile(_ step: Int) -> Bool {
    if let lower = bounds.lower, lower >= step { return false }
    if let upper = bounds.upper, upper <= step { return false }
    if let lower = bounds.lower, let upper = bounds.upper { return upper - lower > target.width }
    return true
  }

  var middleOfStart: Int? {
    guard let lower = start.lower, let upper = start.upper else { return nil }
    let interval = SearchInterval(lower, upper)
    guard interval.width > target.width, interval.width <= 2 * target.width else { return nil }
    let middle = interval.middle(target.width)
    return isWorthwhile(middle) ? middle : nil
  }

  var lowerStart: Int? { start.lower.flatMap { isWorthwhile($0) ? $0 : nil } }
  var upperStart: Int? { start.upper.flatMap { isWorthwhile($0) ? $0 : nil } }

  var strideDown: Nomination? {
    guard bounds.lower == nil, let upper = bounds.upper, upper > 0 else { return nil }
    return SearchInterval(0, upper).admitted(
      scale.clamp(upper - stride), width: target.width, lowerIsOpen: true, upperIsOpen: false
    ).map { nomination($0, growsOn: .upper) }
  }

  var strideUp: Nomination? {
    guard bounds.upper == nil, let lower = bounds.lower, lower < scale.top else { return nil }
    return SearchInterval(lower, scale.top).admitted(
      scale.clamp(lower + stride), width: target.width, lowerIsOpen: false, upperIsOpen: true
    ).map { nomination($0, growsOn: .lower) }
  }

  var between: Nomination? {
    guard let lower = bounds.lower, let upper = bounds.upper, upper - lower > target.width else {
      return nil
    }
    let interval = SearchInterval(lower, upper)
    let middle = interval.middle(target.width)
    func admitted(_ step: Int) -> Int? {
      guard step > lower, step < upper else { return nil }
      return interval.admitted(step, width: target.width, lowerIsOpen: false, upperIsOpen: false)
    }
    if let expected = start.upper, middle < expected, let step = admitted(upper - stride),
      step > middle, step < expected
    {
      return nomination(step, growsOn: .upper)
    }
    if let expected = start.lower, middle > expected, let step = admitted(lower + stride),
      step < middle, step > expected
    {
      return nomination(step, growsOn: .lower)
    }
    let smaller = min(middle - lower, upper - middle)
    return Nomination(step: middle, duration: target.trialDuration, stride: smaller)
  }

  private func nomination(_ step: Int, growsOn side: SearchSide) -> Nomination {
    Nomination(step: step, duration: target.trialDuration, stride: stride, growsOn: side)
  }
}
