import Foundation
import Measurement

/// Decides what a ``Rehearsal`` measures, how much it keeps for proving, and what is proven.
struct Analyst {
  private let space: SearchSpace
  private let conditions: Rehearsal.Conditions
  private let search: ModelSearch
  /// Nil where the models ask.
  private let plan: SearchPlan?

  /// Every so many measurements the default is measured again, so that drift is seen.
  private static let baselineInterval = 12
  /// How sure it must be that the contender is better than the default: 2.33 deviations.
  private static let certainty = 0.99

  init(
    _ space: SearchSpace, _ kind: Strategy.Kind, _ conditions: Rehearsal.Conditions, seed: UInt64
  ) throws(SearchSpaceError) {
    self.space = space
    self.conditions = conditions
    search = ModelSearch(space, seed: seed, margin: conditions.margin, allowsRepeats: true)
    switch kind {
    case .model, .auto: plan = nil
    case .grid, .random, .oneAtATime:
      plan = try SearchPlan(
        Strategy(kind, trials: conditions.budget, seed: seed), on: space, margin: conditions.margin)
    }
  }

  /// How many fresh pairs the contender gets: a fifth of all measurements.
  var pairs: Int { max(2, conditions.budget / 10) }

  private func gain(of contender: Configuration, _ surrogate: Surrogate) -> Prediction? {
    guard let point = space.point(of: contender), let origin = space.point(of: .baseline) else {
      return nil
    }
    return surrogate.difference(point, origin)
  }

  /// What to measure next in the search; nil when it is time to prove what was found.
  func next(after observations: [SearchObservation]) -> Configuration? {
    let spent = observations.count
    guard spent + 2 * pairs < conditions.budget else { return nil }
    if spent.isMultiple(of: Self.baselineInterval) { return .baseline }
    guard let plan else { return search.next(after: observations, budget: conditions.budget) }
    return plan.next(after: observations.filter { !$0.configuration.isBaseline })
  }

  func contender(after observations: [SearchObservation]) -> Configuration {
    contender(search.surrogate(observations), observations)
  }

  /// The best of what was measured, as the models see it, less every knob that seems to do nothing.
  private func contender(
    _ surrogate: Surrogate, _ observations: [SearchObservation]
  ) -> Configuration {
    let tried = Set(observations.map(\.configuration)).sorted { $0.description < $1.description }
    var best: (score: Double, configuration: Configuration) = (-.infinity, .baseline)
    for configuration in tried where !configuration.isBaseline {
      guard let point = space.point(of: configuration) else { continue }
      let expected = search.worth(of: point, surrogate.predict(point))
      // What was measured once and came out well may owe that to luck.
      let score = expected.mean - 0.5 * expected.deviation
      if score > best.score { best = (score, configuration) }
    }
    return reduced(best.configuration, surrogate)
  }

  /// Puts back one knob after the other, each time the one that seems to matter least, as long as
  /// all that is lost stays below half of what is worth a change.
  private func reduced(_ winner: Configuration, _ surrogate: Surrogate) -> Configuration {
    func loss(_ knob: KnobName, of configuration: Configuration) -> Double? {
      guard let with = space.point(of: configuration),
        let without = space.point(of: configuration.reverting(knob)), space.isAllowed(without)
      else { return nil }
      return surrogate.difference(with, without).mean
    }
    var (current, lost) = (winner, 0.0)
    while current.values.count > 1 {
      let options = current.names.compactMap { name in
        loss(name, of: current).map { (loss: $0, name: name) }
      }
      guard let least = options.min(by: { $0.loss < $1.loss }),
        lost + least.loss < conditions.margin / 2
      else { break }
      lost += least.loss
      current = current.reverting(least.name)
    }
    return current
  }

  /// Whether the contender is to be recommended: its fresh pairs speak for it, and so, with great
  /// certainty, does everything that was measured.
  ///
  /// The model is a fair judge of what it has chosen itself: where nothing does anything, it learns
  /// that knobs do little, and takes the best of many for luck.
  func accepts(
    _ contender: Configuration, _ fresh: Estimate?, after observations: [SearchObservation]
  ) -> Bool {
    guard let fresh, fresh.mean > 0,
      let gain = gain(of: contender, search.surrogate(observations))
    else { return false }
    return NormalDistribution.cumulative(gain.mean / gain.deviation) > Self.certainty
  }
}
