import Foundation
import Measurement
import Testing

@testable import Optimiser

/// The models of a search, held against what can be computed in another way.
@Suite struct ModelTests {
  private static func space(_ knobs: Int, levels: Int = 2) throws -> SearchSpace {
    try SearchSpaceTests.space(
      (0..<knobs).map {
        (KnobName(rawValue: "k\($0)"), ["default"] + (1..<levels).map { "v\($0)" })
      })
  }

  private static func observations(
    _ count: Int, _ space: SearchSpace, seed: UInt64, noise: Double = 0.02,
    _ value: ([Int]) -> Double
  ) -> [ModelObservation] {
    var random = SeededGenerator(seed: seed)
    return (0..<count).map { index in
      let point = space.randomPoint(&random)
      return ModelObservation(
        point: point, value: value(point) + noise * random.normal(), noiseShare: 1,
        time: Double(index) / Double(count))
    }
  }

  @Test func theCholeskyFactorSolvesAndInverts() throws {
    var random = SeededGenerator(seed: 5)
    let order = 12
    let half = (0..<order * order).map { _ in random.normal() }
    func element(_ row: Int, _ column: Int) -> Double {
      let product = (0..<order).map { half[row * order + $0] * half[column * order + $0] }
      return product.reduce(0, +) + (row == column ? 1 : 0)
    }
    let matrix = (0..<order * order).map { element($0 / order, $0 % order) }
    let factor = try #require(CholeskyFactor(matrix, order: order))
    let right = (0..<order).map { _ in random.normal() }
    let solution = factor.solve(right)
    for row in 0..<order {
      let back = (0..<order).reduce(0.0) { $0 + matrix[row * order + $1] * solution[$1] }
      #expect(abs(back - right[row]) < 1e-9)
      for column in 0..<order {
        let unit = (0..<order).reduce(0.0) {
          $0 + matrix[row * order + $1] * factor.inverse[$1 * order + column]
        }
        #expect(abs(unit - (row == column ? 1 : 0)) < 1e-9)
      }
    }
    #expect(CholeskyFactor([1, 2, 2, 1], order: 2) == nil)
    #expect(
      abs(try #require(CholeskyFactor([4, 0, 0, 9], order: 2)).logDeterminant - log(36)) < 1e-12)
  }

  /// E max(0, f − best) as the integral that it is.
  @Test(arguments: [-3.0, -1, -0.2, 0, 0.7, 2.5])
  func expectedImprovementIsTheIntegral(best: Double) {
    let step = 1e-4
    let integral = stride(from: best, to: 9, by: step).reduce(0.0) { sum, value in
      sum + (value - best) * exp(-value * value / 2) / (2 * Double.pi).squareRoot() * step
    }
    let logarithm = ExpectedImprovement.logarithm(
      Prediction(mean: 0, deviation: 1), over: best)
    #expect(abs(exp(logarithm) / integral - 1) < 1e-3)
  }

  /// Where the improvement is smaller than any number, its logarithm still falls, and smoothly.
  @Test func hopelessImprovementsCanStillBeCompared() {
    let logarithms = stride(from: -4.0, through: -60, by: -0.5).map {
      ExpectedImprovement.logarithmOfGain($0)
    }
    for (before, after) in zip(logarithms, logarithms.dropFirst()) {
      #expect(after < before)
    }
    let across =
      ExpectedImprovement.logarithmOfGain(-4.999)
      - ExpectedImprovement.logarithmOfGain(-5.001)
    #expect((0.005...0.02).contains(across))
  }

  /// E max(height + slope Z) − max height as the integral that it is, of as many lines as come.
  @Test(arguments: 1...20) func theKnowledgeGradientIsTheIntegral(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let lines = (0..<2 + Int(random.below(8))).map { _ in
      // Of some both are the same: those are parallel, or one line.
      KnowledgeGradient.Line(
        height: 0.25 * Double(random.below(12)), slope: 0.25 * Double(random.below(12)))
    }
    let step = 1e-3
    let mean = stride(from: -9.0, to: 9, by: step).reduce(0.0) { sum, z in
      let best = lines.map { $0.height + $0.slope * z }.max() ?? 0
      return sum + best * exp(-z * z / 2) / (2 * Double.pi).squareRoot() * step
    }
    let rise = mean - (lines.map(\.height).max() ?? 0)
    #expect(abs(exp(KnowledgeGradient.logarithmOfRise(lines)) - rise) < 1e-5)
  }

  /// What would change the best only by a miracle is still the better, the smaller the miracle; what
  /// cannot change it brings nothing.
  @Test func hopelessMeasurementsCanStillBeCompared() {
    func logarithm(_ slope: Double) -> Double {
      KnowledgeGradient.logarithmOfRise([
        .init(height: 1, slope: 0), .init(height: 0, slope: slope),
      ])
    }
    #expect(logarithm(0.01) < logarithm(0.02))
    #expect(logarithm(0.01) < -1000)
    #expect(logarithm(0) == -.infinity)
    #expect(KnowledgeGradient.logarithmOfRise([]) == -.infinity)
  }

  /// Covariances of the truth, held against the deviations and differences foretold by themselves.
  @Test func anOutlookIsWhatIsForetoldOneByOne() throws {
    let space = try Self.space(4)
    let encoding = SpaceEncoding(space)
    let seen = Self.observations(12, space, seed: 5) { 0.3 * Double($0[1]) }
    let surrogate = Surrogate(encoding, seen, seed: 1)
    let process = GaussianProcess(encoding, seen)
    let points = try #require(space.points(limit: 100))
    let outlook = surrogate.outlook(on: points)
    for (first, point) in points.enumerated() {
      let alone = process.predict(point)
      #expect(abs(outlook.means[first] - alone.mean) < 1e-12)
      #expect(abs(outlook.covariance(first, first).squareRoot() - alone.deviation) < 1e-9)
      let second = (first + 5) % points.count
      let variance =
        outlook.covariance(first, first) + outlook.covariance(second, second)
        - 2 * outlook.covariance(first, second)
      let difference = process.difference(point, points[second])
      #expect(abs(variance.squareRoot() - difference.deviation) < 1e-6)
    }
  }

  /// Products of one, two and three different terms, counted out.
  @Test func sumsOfProductsAreThose() {
    let terms = [0.5, 2, -1, 3, 0.25]
    var sums = ElementarySums()
    for term in terms { sums.add(term) }
    var (first, second, third) = (0.0, 0.0, 0.0)
    for i in terms.indices {
      first += terms[i]
      for j in i + 1..<terms.count {
        second += terms[i] * terms[j]
        for k in j + 1..<max(j + 1, terms.count) { third += terms[i] * terms[j] * terms[k] }
      }
    }
    #expect(abs(sums.first - first) < 1e-12)
    #expect(abs(sums.second - second) < 1e-12)
    #expect(abs(sums.third - third) < 1e-12)
  }

  /// Two of six knobs do something, by 40 noisy measurements.
  @Test func bothModelsLearnWhatKnobsDo() throws {
    let space = try Self.space(6)
    let encoding = SpaceEncoding(space)
    func truth(_ point: [Int]) -> Double { 0.3 * Double(point[1]) - 0.2 * Double(point[4]) }
    let seen = Self.observations(40, space, seed: 3, truth)
    let surrogate = Surrogate(encoding, seen, seed: 1)
    func meanError(_ predict: ([Int]) -> Prediction) throws -> Double {
      let errors = try #require(space.points(limit: 100)).map { abs(predict($0).mean - truth($0)) }
      return try #require(Series.mean(errors))
    }
    #expect(try meanError(GaussianProcess(encoding, seen).predict) < 0.015)
    #expect(try meanError(RandomForest(encoding, seen, seed: 1).predict) < 0.05)
    #expect(try meanError(surrogate.predict) < 0.015)
    #expect((0.01...0.04).contains(surrogate.noise))
    let gain = surrogate.difference([0, 1, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0])
    #expect(abs(gain.mean - 0.3) < 4 * gain.deviation)
    #expect(gain.deviation < 0.03)
  }

  /// The slopes that the fit climbs along, held against differences.
  @Test func slopesAreThose() throws {
    let space = try SearchSpaceTests.space([
      ("ring", ["default", "256", "512", "1024", "2048"]), ("qdisc", ["default", "fq", "pfifo"]),
      ("mtu", ["default", "9000"]), ("queues", ["1", "2", "4"]),
    ])
    let seen = Self.observations(14, space, seed: 6, noise: 0.5) { Double($0[0] * $0[2]) / 3 }
      .enumerated().map { index, seen in
        ModelObservation(
          point: seen.point, value: seen.value, noiseShare: index.isMultiple(of: 3) ? 0.5 : 1,
          time: seen.time)
      }
    let kernel = ConfigurationKernel(SpaceEncoding(space))
    let fit = GaussianProcessFit(kernel, seen, values: seen.map(\.value))
    let place = (0..<kernel.count + 4).map { -2.5 + 0.2 * Double($0) }
    let slopes = try #require(fit.evaluate(place)).slopes
    #expect(slopes.count == place.count)
    let step = 1e-5
    for index in place.indices {
      func density(_ shift: Double) throws -> Double {
        var moved = place
        moved[index] += shift
        return try #require(fit.evaluate(moved)).density
      }
      let difference = (try density(step) - density(-step)) / (2 * step)
      #expect(abs(slopes[index] - difference) < 1e-5 * max(1, abs(difference)), "\(index)")
    }
  }

  /// Of many measurements some are fitted to, and all are learnt from.
  @Test func manyMeasurementsAreLearntFrom() throws {
    let space = try Self.space(6)
    func truth(_ point: [Int]) -> Double { 0.3 * Double(point[1]) - 0.2 * Double(point[4]) }
    let seen = Self.observations(160, space, seed: 8, noise: 0.1, truth)
    func deviation(_ count: Int) -> Double {
      GaussianProcess(SpaceEncoding(space), Array(seen[..<count]))
        .difference([0, 1, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0]).deviation
    }
    #expect(deviation(160) < 0.85 * deviation(80))
    let process = GaussianProcess(SpaceEncoding(space), seen)
    for point in try #require(space.points(limit: 100)) {
      #expect(abs(process.predict(point).mean - truth(point)) < 0.1)
    }
  }

  /// The mixture follows the model that foretold better, but not all the way, and neither where both
  /// did the same.
  @Test func theBetterModelHasTheWeight() {
    let same = [Double](repeating: -1, count: 20)
    #expect(abs(Surrogate.weight(of: same, against: same) - 0.5) < 1e-9)
    let better = Surrogate.weight(of: same.map { $0 + 2 }, against: same)
    #expect(better > 0.9 && better < 1)
    let worse = Surrogate.weight(of: same.map { $0 - 2 }, against: same)
    #expect(abs(better + worse - 1) < 1e-6)
    #expect(Surrogate.weight(of: [nil, nil], against: [-1, -1]) == 0.5)
  }

  /// Beside an edge a ladder of numbers is not taken for a slope.
  @Test func anEdgeIsNotBlurred() throws {
    let rungs = (0..<8).map { KnobValue.number(64 << $0) }
    let space = try SearchSpace([SearchSpace.Dimension(knob: "ring", values: rungs)])
    let seen = (0..<32).map { index in
      let rung = index % 8
      return ModelObservation(
        point: [rung], value: rung < 6 ? 0.05 * Double(rung) : -1, noiseShare: 1,
        time: Double(index) / 32)
    }
    let process = GaussianProcess(SpaceEncoding(space), seen)
    for rung in 0..<8 {
      let truth = rung < 6 ? 0.05 * Double(rung) : -1
      #expect(abs(process.predict([rung]).mean - truth) < 0.05, "\(rung)")
    }
  }

  /// How deep a cliff is changes nothing, whatever part of what was measured fell off it.
  @Test(arguments: [0, 2, 5]) func theDepthOfACliffIsNoMatter(fallen: Int) throws {
    let space = try Self.space(1, levels: 12)
    let search = ModelSearch(space, seed: 1, toll: 0, allowsRepeats: true)
    let points = try #require(space.points(limit: 12))
    func seen(depth: Double) -> [Double] {
      let observations = points.enumerated().map { index, point in
        SearchObservation(
          configuration: space.configuration(at: point),
          value: index < 12 - fallen ? 0.01 * Double(index) : -depth, time: Double(index))
      }
      return search.model(observations).map(\.value)
    }
    #expect(seen(depth: 0.5) == seen(depth: 5))
    #expect(zip(seen(depth: 5), 0..<12 - fallen).allSatisfy { $0 == 0.01 * Double($1) })
  }

  /// What was not seen is uncertain, what was seen often is not.
  @Test func uncertaintyShrinksWithMeasurements() throws {
    let space = try Self.space(3, levels: 4)
    let seen = (0..<12).map {
      ModelObservation(
        point: [0, 0, 0], value: 0.01 * Double($0 % 3), noiseShare: 1, time: Double($0) / 12)
    }
    let apart = [
      ModelObservation(point: [1, 0, 0], value: 0.5, noiseShare: 1, time: 1),
      ModelObservation(point: [0, 2, 0], value: -0.4, noiseShare: 1, time: 1),
    ]
    let process = GaussianProcess(SpaceEncoding(space), seen + apart)
    #expect(process.predict([0, 0, 0]).deviation < process.predict([3, 3, 3]).deviation / 2)
    #expect(process.difference([1, 0, 0], [1, 0, 0]).deviation < 1e-3)
  }

  /// A machine that gets slower and slower does not make early configurations look good.
  @Test func driftIsNotTakenForAnEffect() throws {
    let space = try Self.space(4)
    var random = SeededGenerator(seed: 9)
    let seen = (0..<48).map { index in
      let time = Double(index) / 48
      // The knob is on in the first half mostly, while the machine is fast.
      let isOn = random.unit() < (time < 0.5 ? 0.8 : 0.2)
      return ModelObservation(
        point: [isOn ? 1 : 0, Int(random.below(2)), Int(random.below(2)), Int(random.below(2))],
        value: -0.6 * time + 0.01 * random.normal(), noiseShare: 1, time: time)
    }
    let process = GaussianProcess(SpaceEncoding(space), seen)
    #expect(abs(process.difference([1, 0, 0, 0], [0, 0, 0, 0]).mean) < 0.05)
  }

  @Test func numbersHaveADistanceAndWordsHaveNone() {
    let rings = SpaceEncoding.Dimension(
      [.number(256), .number(512), .number(1024), .number(4096)], original: nil)
    #expect(rings.isOrdinal)
    #expect(rings.distance(0, 1) == rings.distance(1, 2))
    #expect(rings.distance(0, 3) == 1)
    let special = SpaceEncoding.Dimension(
      [.number(0), .number(16), .number(64), .number(256)], original: nil)
    #expect(!special.isOrdinal)
    #expect(special.distance(0, 1) == 1)
    #expect(special.distance(1, 2) == 0.5)
    let words = SpaceEncoding.Dimension([.word("fq"), .word("pfifo"), .flag(true)], original: nil)
    #expect(words.distance(0, 1) == 1 && words.distance(1, 1) == 0)
    let shares = SpaceEncoding.Dimension(
      [.word("0.5"), .word("0.75"), .number(1)], original: nil)
    #expect(shares.distance(0, 1) == 0.5)
    let around = SpaceEncoding.Dimension(
      [SearchSpace.untouched, .number(500), .number(2000)], original: .number(1000))
    #expect(around.isOrdinal && around.distance(1, 2) == 1)
  }
}
