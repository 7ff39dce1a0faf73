/// What is known of every load that was tried, in their order.
struct TrialBook: Sendable {
  /// The relevant bounds of a target, in steps: the least load that failed, and the largest below it
  /// that passed. Loads that passed above one that failed do not count.
  struct Bounds: Hashable {
    var lower: Int?
    var upper: Int?

    subscript(side: SearchSide) -> Int? {
      switch side {
      case .lower: lower
      case .upper: upper
      }
    }
  }

  private struct Entry: Sendable {
    let step: Int
    var trials: [MeasuredTrial] = []
    /// One for each target.
    var tallies: [LoadTally]
  }

  /// Of all goals; what asks for one names it by its place.
  let targets: [SearchTarget]
  private var entries: [Entry] = []

  init(_ targets: [SearchTarget]) { self.targets = targets }

  mutating func add(_ trial: MeasuredTrial, at step: Int) {
    let place = entries.firstIndex { $0.step >= step } ?? entries.count
    if place == entries.count || entries[place].step != step {
      let tallies = targets.map { _ in LoadTally() }
      entries.insert(Entry(step: step, tallies: tallies), at: place)
    }
    entries[place].trials.append(trial)
    for (number, target) in targets.enumerated() {
      entries[place].tallies[number].add(trial, target)
    }
  }

  func bounds(_ target: Int) -> Bounds {
    var bounds = Bounds()
    for entry in entries {
      switch entry.tallies[target].bound(targets[target]) {
      case .lower: bounds.lower = entry.step
      case .upper:
        bounds.upper = entry.step
        return bounds
      case nil: continue
      }
    }
    return bounds
  }

  /// The largest load that passed, bound or not.
  func largestPassed(_ target: Int) -> Int? {
    entries.last { $0.tallies[target].bound(targets[target]) == .lower }?.step
  }

  func trials(at step: Int) -> [MeasuredTrial] {
    entries.first { $0.step == step }?.trials ?? []
  }
}
