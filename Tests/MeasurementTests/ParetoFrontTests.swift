import Measurement
import Testing

@Suite struct ParetoFrontTests {
  @Test func whatDominates() {
    #expect(ParetoFront.dominates([2, 1], [1, 1]))
    #expect(!ParetoFront.dominates([1, 1], [1, 1]))
    #expect(!ParetoFront.dominates([2, 0], [1, 1]))
    #expect(ParetoFront.dominates([2, 2, 2], [1, 1, 1]))
  }

  /// Of a point on the front no other is better in one value without being worse in another.
  @Test(arguments: 2...3) func theFrontIsWhatNoneDominates(values: Int) {
    var random = SeededGenerator(seed: 11)
    for _ in 0..<50 {
      let points = (0..<12).map { _ in (0..<values).map { _ in Double(random.below(6)) } }
      let front = ParetoFront.members(of: points)
      #expect(!front.isEmpty)
      for place in points.indices {
        let beaten = points.contains { other in
          zip(other, points[place]).allSatisfy { $0 >= $1 } && other != points[place]
        }
        #expect(front.contains(place) == !beaten)
      }
    }
  }

  /// A point that differs from an exact one in a single value is on the front as often as its mean is
  /// above that of the other, which follows from the standard error.
  @Test(arguments: [-1.5, -0.5, 0, 0.5, 1.5]) func theChanceFollowsFromTheStandardError(z: Double) {
    var random = SeededGenerator(seed: 3)
    let noise = (0..<12).map { _ in random.normal() }
    let mean = Series.mean(noise) ?? 0
    let error = (Series.standardDeviation(noise) ?? 0) / 12.0.squareRoot()
    let replicates = noise.map { [$0 - mean + z * error, -1] }
    let found = ParetoFront.probabilities([[[0, -1]], replicates], seed: 7, draws: 4000)
    #expect(abs(found[1] - NormalDistribution.cumulative(z)) < 0.04)
    #expect(abs(found[0] - NormalDistribution.cumulative(-z)) < 0.04)
  }

  /// What all values of a replicate have in common stays: these are never worse in one value alone.
  @Test func replicatesAreDrawnAsAWhole() {
    let replicates = [-2, -1, 0, 1, 2].map { [Double($0), Double($0)] }
    let found = ParetoFront.probabilities([[[0, 0]], replicates], seed: 1)
    // Either dominates the other, but for draws of the same.
    #expect((0.9...1.2).contains(found[0] + found[1]))
  }

  @Test func theSameSeedGivesTheSame() {
    var random = SeededGenerator(seed: 5)
    let points = (0..<4).map { _ in (0..<3).map { _ in [random.normal(), random.normal()] } }
    let found = ParetoFront.probabilities(points, seed: 9)
    #expect(found == ParetoFront.probabilities(points, seed: 9))
    #expect(found != ParetoFront.probabilities(points, seed: 10))
    #expect(ParetoFront.probabilities([[[1, 2]]], seed: 1) == [1])
  }

  @Test func theKneeIsFarthestFromTheChord() {
    let front = [[0.0, 1], [0.3, 0.95], [0.8, 0.8], [0.95, 0.3], [1, 0]]
    #expect(ParetoFront.knee(of: front, least: 0.01) == 2)
    // Neither units nor the order of the values matter.
    #expect(ParetoFront.knee(of: front.map { [$0[0] * 50, $0[1]] }, least: 0.01) == 2)
    #expect(ParetoFront.knee(of: front.map { [$0[1], $0[0]] }, least: 0.01) == 2)
    let distances = front.map { $0[0] + $0[1] - 1 }
    #expect(distances.firstIndex(of: distances.max() ?? 0) == 2)
  }

  @Test func ofThreeValuesItIsFarthestFromThePlane() {
    let corners = [[1.0, 0, 0], [0, 1, 0], [0, 0, 1]]
    #expect(ParetoFront.knee(of: corners + [[0.6, 0.6, 0.6], [0.9, 0.5, 0.1]], least: 0) == 3)
    #expect(ParetoFront.knee(of: [[0.2, 0.2, 0.2]] + corners, least: 0) == 1)
  }

  @Test func whatHasNoBendGoesByTheSum() {
    #expect(ParetoFront.knee(of: [], least: 0.01) == nil)
    #expect(ParetoFront.knee(of: [[3, -5]], least: 0.01) == 0)
    #expect(ParetoFront.knee(of: [[0, 0], [0.4, -0.04]], least: 0.01) == 1)
    #expect(ParetoFront.knee(of: [[0, 0], [0.04, -0.4]], least: 0.01) == 0)
    #expect(ParetoFront.knee(of: [[0, 0], [0, 0]], least: 0.01) == 0)
    #expect(ParetoFront.knee(of: [[0, 0], [0, 0], [0, 0]], least: 0) == 0)
    // All on the chord or behind it: either end is as far.
    #expect(ParetoFront.knee(of: [[0, 0], [0.1, -0.3], [0.4, -0.4]], least: 0.01) == 0)
    #expect(ParetoFront.knee(of: [[0, 0], [0.1, -0.3], [0.5, -0.4]], least: 0.01) == 2)
  }

  /// By a price that is too small to matter no bargain becomes a better one.
  @Test func aPriceOfNoAccountIsNone() {
    let front = [[0.0, 0], [0.05, -0.0005], [0.3, -0.005]]
    #expect(ParetoFront.knee(of: front, least: 0.0001) == 1)
    #expect(ParetoFront.knee(of: front, least: 0.02) == 2)
  }
}
