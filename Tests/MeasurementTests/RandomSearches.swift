import Measurement

extension SearchCase {
  /// A search that nobody would think of, for what the others have not.
  static func random(seed: UInt64) -> SearchCase {
    var draw = SeededGenerator(seed: seed)
    var one = SearchCase(name: "random \(seed)")
    one.minimum = draw.spread(from: 1, to: 1e5)
    one.maximum = one.minimum * draw.spread(from: 1.01, to: 1e4)
    one.warmUp = draw.pick([0, 1])
    one.timeLimit = draw.pick([1e6, 1e6, 1e6, 200])
    one.goals = (0...draw.below(4)).map { _ in .random(&draw) }
    let scale = (one.minimum * one.maximum).squareRoot()
    one.system = SimulatedSystem(
      capacity: draw.pick([
        one.minimum * 0.5, one.maximum * 1.1, scale,
        draw.spread(from: one.minimum, to: one.maximum),
      ]),
      jitter: draw.pick([0, 0, 0.001, 0.01, 0.3]),
      parts: (0..<draw.below(4)).map { _ in
        let from = draw.spread(from: one.minimum * 0.5, to: one.maximum)
        return SimulatedSystem.Part(
          from: from, to: from * draw.spread(from: 1.001, to: 10),
          low: draw.pick([0, draw.unit(), draw.unit() * 0.02]),
          high: draw.pick([0, draw.unit(), draw.unit() * 0.02]))
      },
      noise: draw.pick([0, 0, draw.unit() * 0.1, draw.unit()]),
      burst: draw.pick([0.001, 0.01, 0.1, 1]),
      generator: draw.pick([1e15, 1e15, 1e15, scale]),
      overhead: draw.pick([0, 0, draw.unit()]), seed: seed)
    return one
  }
}

extension SearchGoal {
  fileprivate static func random(_ draw: inout SeededGenerator) -> SearchGoal {
    var goal = SearchGoal()
    goal.lossRatio = draw.pick([0, 0, 0.005, draw.unit() * 0.02, draw.unit() * 0.9])
    goal.exceedRatio = draw.pick([0, 0.5, 0.5, draw.unit() * 0.95])
    goal.relativeWidth = draw.pick([0.005, draw.spread(from: 0.001, to: 0.5)])
    goal.initialTrialDuration = draw.pick([1, draw.spread(from: 0.1, to: 3)])
    goal.finalTrialDuration =
      goal.initialTrialDuration * draw.pick([1, 1, draw.spread(from: 1, to: 10)])
    goal.durationSum = goal.finalTrialDuration * draw.spread(from: 1, to: 21)
    goal.precedingTargets = Int(draw.below(4)) + 1
    goal.expansionCoefficient = Int(draw.below(4)) + 2
    return goal
  }
}

extension SeededGenerator {
  fileprivate mutating func pick(_ values: [Double]) -> Double {
    values[Int(below(UInt64(values.count)))]
  }

  /// As likely small as large, above 0: even over the logarithm but for the middle, which needs none.
  fileprivate mutating func spread(from lower: Double, to upper: Double) -> Double {
    var (lower, upper) = (lower, upper)
    for _ in 0..<6 {
      let middle = (lower * upper).squareRoot()
      if below(2) == 0 { lower = middle } else { upper = middle }
    }
    return lower + (upper - lower) * unit()
  }
}
