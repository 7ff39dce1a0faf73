import Measurement
import Testing

@testable import Optimiser

/// Several gains as one number, as a search learns from it.
@Suite struct ScalarisationTests {
  @Test(arguments: [(2, 11), (3, 15)]) func theWeightsCoverTheSimplex(aims: Int, count: Int) {
    let weights = Scalarisation.weights(aims)
    #expect(weights.count == count && Set(weights).count == count)
    #expect(
      weights.allSatisfy { set in
        set.allSatisfy { $0 >= 0 } && abs(set.reduce(0, +) - 1) < 1e-12
      })
    for aim in 0..<aims { #expect(weights.contains { $0[aim] == 1 }) }
  }

  /// What is better in everything is never worth less, and more under most weights; the baseline is
  /// worth nothing.
  @Test func whatDominatesIsWorthMore() {
    let tried = [[0.3, -0.2], [0.1, -0.02], [-0.4, -0.5]]
    let scales = (0..<11).map { Scalarisation(tried, aims: 2, number: $0, least: 0.02) }
    for (better, worse) in [([0.3, -0.1], [0.3, -0.2]), ([0.31, -0.2], [0.3, -0.2])] {
      #expect(scales.allSatisfy { $0.value(better) >= $0.value(worse) })
      #expect(scales.count { $0.value(better) > $0.value(worse) } == 10)
    }
    #expect(scales.allSatisfy { $0.value([0, 0]) == 0 && $0.value([-0.4, -0.5]) < 0 })
  }

  /// In turn each point of a front is worth most, also where the front is hollow.
  @Test func everyPointOfTheFrontHasItsTurn() {
    let front = [[0.0, 0], [0.1, -0.3], [0.4, -0.4]]
    let best = (0..<11).map { number in
      let scale = Scalarisation(front, aims: 2, number: number, least: 0.02)
      let values = front.map(scale.value)
      return values.firstIndex(of: values.max() ?? 0)
    }
    #expect(Set(best) == [0, 1, 2])
  }

  @Test func ofOneMetricItIsTheGain() {
    let scale = Scalarisation([[0.3], [-0.2]], aims: 1, number: 5, least: 0.02)
    #expect([-0.7, 0, 0.123].map { scale.value([$0]) } == [-0.7, 0, 0.123])
  }
}
