import Foundation
import Measurement

/// Decides what a ``Rehearsal`` measures, what it names the best, and what is proven.
struct Analyst {
  private let space: SearchSpace
  private let conditions: Rehearsal.Conditions
  private let search: ModelSearch
  /// Nil where the models ask.
  private let plan: SearchPlan?

  /// Every so many measurements the default is measured again, so that drift is seen.
  private static let baselineInterval = 12
  /// How sure it must be at the end that the contender is better than the default: 2.65 deviations.
  /// Where nothing does anything it is that sure more often than it says, as it chose the contender
  /// by the same measurements: in three searches of a hundred.
  private static let certainty = 0.996
  /// How sure it must be before that to end the proof early, 3.7 deviations: who looks again and
  /// again sees something sooner or later.
  private static let earlyCertainty = 0.9999
  /// How often the contender is measured at least.
  private static let repeats = 3

  init(
    _ space: SearchSpace, _ kind: Strategy.Kind, _ conditions: Rehearsal.Conditions, seed: UInt64
  ) throws(SearchSpaceError) {
    self.space = space
    self.conditions = conditions
    search = ModelSearch(space, seed: seed, toll: 0, allowsRepeats: true)
    switch kind {
    case .model, .auto: plan = nil
    case .grid, .random, .oneAtATime:
      plan = try SearchPlan(
        Strategy(kind, trials: conditions.budget, seed: seed), on: space, margin: conditions.margin)
    }
  }

  /// What to measure next; nil at the end.
  func next(after observations: [SearchObservation]) -> Configuration? {
    let spent = observations.count
    guard spent < conditions.budget else { return nil }
    if spent.isMultiple(of: Self.baselineInterval) { return .baseline }
    // The last fifth is for proving, as far as that needs it.
    if conditions.budget - spent <= conditions.budget / 5, let next = doubted(observations) {
      return next
    }
    guard let plan else { return search.next(after: observations, budget: conditions.budget) }
    return plan.next(after: observations.filter { !$0.configuration.isBaseline })
      ?? doubted(observations)
  }

  /// The contender or the default, whichever was measured less, until it is proven.
  private func doubted(_ observations: [SearchObservation]) -> Configuration? {
    let surrogate = search.surrogate(observations)
    let contender = contender(surrogate, observations)
    let own = observations.count { $0.configuration == contender }
    if own >= Self.repeats, let gain = gain(of: contender, surrogate),
      gain.chanceAboveZero > Self.earlyCertainty
    {
      return nil
    }
    return own <= observations.count { $0.configuration.isBaseline } ? contender : .baseline
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
      let expected = surrogate.predict(point)
      // What was measured once and came out well may owe that to luck, and every change has to be
      // worth it.
      let score =
        expected.mean - 0.5 * expected.deviation
        - conditions.margin / 4 * Double(configuration.values.count)
      if score > best.score { best = (score, configuration) }
    }
    return reduced(best.configuration, surrogate)
  }

  /// Puts back one knob after the other, each time the one that seems to matter least, as long as
  /// all that may be lost together, at one deviation, is not worth a change.
  private func reduced(_ winner: Configuration, _ surrogate: Surrogate) -> Configuration {
    guard let top = space.point(of: winner) else { return winner }
    var current = winner
    while current.values.count > 1 {
      let options = current.names.compactMap { name -> (loss: Double, rest: Configuration)? in
        let rest = current.reverting(name)
        guard let point = space.point(of: rest), space.isAllowed(point) else { return nil }
        let loss = surrogate.difference(top, point)
        return (loss.mean + loss.deviation, rest)
      }
      guard let least = options.min(by: { $0.loss < $1.loss }), least.loss < conditions.margin
      else { break }
      current = least.rest
    }
    return current
  }

  /// What the process, which has seen everything, expects of the contender's gain.
  ///
  /// It is a fair judge of what it has chosen itself: where nothing does anything, it learns that
  /// knobs do little, and takes the best of many for luck.
  func gain(of contender: Configuration, after observations: [SearchObservation]) -> Prediction? {
    gain(of: contender, search.surrogate(observations))
  }

  private func gain(of contender: Configuration, _ surrogate: Surrogate) -> Prediction? {
    guard !contender.isBaseline, let point = space.point(of: contender),
      let origin = space.point(of: .baseline)
    else { return nil }
    return surrogate.difference(point, origin)
  }

  /// Whether it is all but certain that there is a gain.
  func isProven(_ gain: Prediction) -> Bool { gain.chanceAboveZero > Self.certainty }
}
