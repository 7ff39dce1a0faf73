import Foundation

extension WorkloadNoise {
  /// - Parameter cost: what a pair of slices and a block of this workload take.
  init(
    _ evidence: NoiseEvidence, _ objective: Objective, sizes: NoiseProfile.Sizes,
    cost: SlicePlan.Cost?
  ) {
    workload = evidence.workload
    self.cost = cost
    metric = evidence.metric?.name
    let pairs = evidence.pairs
    validPairs = pairs.count(where: \.isValid)
    invalidPairs = pairs.count - validPairs
    invalidReason = evidence.invalidReason

    let parts = VarianceParts(evidence.logarithms, sides: NoiseEvidence.sides)
    sliceDeviation = parts?.slice.squareRoot()
    applicationDeviation = parts?.application.squareRoot()
    autocorrelation = evidence.autocorrelation
    let (minutes, levels) = evidence.levels
    drift = LinearTrend(places: minutes, values: levels).map {
      // A jump within a second is no number of per cents a minute.
      Drift(perMinute: expm1(max(-20, min(20, $0.slope))), probability: $0.probability)
    }
    levelDeviation = Series.standardDeviation(levels)

    let effect = Effect(logarithms: evidence.swapPairs)
    self.effect = effect
    let verdict = Verdict(effect, .maximise, margin: objective.margin)
    isToldApart = verdict == .better || verdict == .worse
    falsePositives = Self.falsePositives(evidence.swapPairs, of: sizes.search)
    func visible(_ count: Int) -> Double? {
      effect?.noise.map { expm1(Estimate.smallestVisible(deviation: $0, count: count)) }
    }
    smallestVisibleInSearch = visible(sizes.search)
    smallestVisible = visible(sizes.confirming)
    plans = TimeToSee.effects.map { effect in
      guard let parts, let cost, let plan = SlicePlan(parts, cost, toSee: effect) else {
        return TimeToSee(effect: effect, blocks: nil, pairs: nil, seconds: nil)
      }
      return TimeToSee(
        effect: effect, blocks: plan.blocks, pairs: plan.slices, seconds: plan.seconds)
    }
  }

  /// Tests swap pairs in groups as large as a search trial, one behind the other.
  private static func falsePositives(_ swapPairs: [Double], of size: Int) -> FalsePositives {
    let tests = swapPairs.count / size
    let called = (0..<tests).count { test in
      let estimate = Estimate(Array(swapPairs[(test * size)..<((test + 1) * size)]))
      return estimate?.probability.map { $0 < Estimate.alpha } ?? false
    }
    return FalsePositives(
      tests: tests, called: called, expected: Double(tests) * Estimate.alpha)
  }
}
