import Foundation

/// A goal, or a coarser one on the way to it.
struct SearchTarget: Hashable, Sendable {
  let lossRatio: Double
  let exceedRatio: Double
  /// How far the bounds may be apart, in steps of the scale.
  let width: Int
  /// Of a trial of full length, s.
  let trialDuration: Double
  /// s.
  let durationSum: Double
  let expansionCoefficient: Int

  /// The targets of a goal, coarsest first: each has half of the width of the one before and more
  /// time, from a single initial trial to the duration sum in equal ratios.
  static func chain(to goal: SearchGoal, on scale: LoadScale) -> [SearchTarget] {
    let count = goal.precedingTargets
    let ratio =
      count == 0 ? 1 : pow(goal.initialTrialDuration / goal.durationSum, 1 / Double(count))
    return (0...count).reversed().map { level in
      let sum =
        switch level {
        case 0: goal.durationSum
        case count: goal.initialTrialDuration
        default: goal.durationSum * pow(ratio, Double(level))
        }
      return SearchTarget(
        lossRatio: goal.lossRatio, exceedRatio: goal.exceedRatio,
        width: scale.steps(within: goal.relativeWidth) << level,
        trialDuration: min(goal.finalTrialDuration, sum), durationSum: sum,
        expansionCoefficient: goal.expansionCoefficient)
    }
  }
}

/// The trials of one load as a target sees them: for how long they kept its loss ratio.
struct LoadTally: Hashable, Sendable {
  /// Of trials of full length, s.
  private var lowLoss = 0.0
  private var highLoss = 0.0
  /// Of shorter trials, s.
  private var shortLowLoss = 0.0
  private var shortHighLoss = 0.0

  mutating func add(_ trial: MeasuredTrial, _ target: SearchTarget) {
    let isLow = trial.measurement.lossRatio <= target.lossRatio
    switch (trial.trial.duration >= target.trialDuration, isLow) {
    case (true, true): lowLoss += trial.seconds
    case (true, false): highLoss += trial.seconds
    case (false, true): shortLowLoss += trial.seconds
    case (false, false): shortHighLoss += trial.seconds
    }
  }

  /// What the load is, whatever the time that is left of the duration sum would bring; nil while
  /// that could decide it (RFC 9971, "Load Classification").
  ///
  /// A short trial proves nothing good. Short high-loss trials count, less what short low-loss ones
  /// make up for.
  func bound(_ target: SearchTarget) -> SearchSide? {
    let exceed = target.exceedRatio
    let madeUpFor = shortLowLoss * exceed / (1 - exceed)
    let excess = highLoss + max(0, shortHighLoss - madeUpFor)
    let whole = max(lowLoss + excess, target.durationSum)
    let allowed = whole * exceed
    let passesIfRestIsGood = excess <= allowed
    let passesIfRestIsBad = whole - lowLoss <= allowed
    guard passesIfRestIsGood == passesIfRestIsBad else { return nil }
    return passesIfRestIsGood ? .lower : .upper
  }

  /// The loss ratio that is kept in all but the exceed ratio of the duration sum, trials of full
  /// length in order of their loss, what was not measured last (RFC 9971, "Conditional Throughput").
  static func conditionalLossRatio(_ trials: [MeasuredTrial], _ target: SearchTarget) -> Double {
    let full = trials.filter { $0.trial.duration >= target.trialDuration }
    var seconds: [Double: Double] = [:]
    for trial in full { seconds[trial.measurement.lossRatio, default: 0] += trial.seconds }
    let measured = full.reduce(into: (low: 0.0, high: 0.0)) { sums, trial in
      if trial.measurement.lossRatio > target.lossRatio {
        sums.high += trial.seconds
      } else {
        sums.low += trial.seconds
      }
    }
    let whole = max(target.durationSum, measured.low + measured.high)
    var remaining = whole * (1 - target.exceedRatio)
    for (ratio, time) in seconds.sorted(by: { $0.key < $1.key }) {
      remaining -= time
      // What rounding errors leave of it is no time that was not measured.
      if remaining <= whole * 1e-12 { return ratio }
    }
    return 1
  }
}

/// Which bound a load is.
enum SearchSide: Hashable, Sendable {
  /// It passed.
  case lower
  /// It failed.
  case upper
}
