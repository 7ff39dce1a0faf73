import Foundation
package import Measurement

/// A search that asks models where the next measurement tells most.
///
/// First come a few configurations that lie far apart and show every value of every knob. Then the
/// models are asked in turns, the one that foretells the measurements better more often: a Gaussian
/// process for the highest ``KnowledgeGradient``, a random forest, together with the process, for
/// the highest ``ExpectedImprovement``; either for its cost.
///
/// A function of the space, the seed and the observations alone.
struct ModelSearch {
  let space: SearchSpace
  let seed: UInt64
  private let encoding: SpaceEncoding
  /// Whether a configuration may be measured again. Where every measurement is a paired trial of
  /// several blocks, it may not: the races and validations that follow do that.
  private let allowsRepeats: Bool
  /// What a knob that is changed must bring by itself: so one that does nothing is left alone, and
  /// the search itself finds that out.
  private let toll: Double
  /// Where every knob is left as it was found, or has its first value if it may not be.
  private let origin: [Int]

  /// Larger spaces are not looked at as a whole, but by draws and from the best outwards.
  static let wholeLimit = 20_000
  private static let draws = 2000

  init(_ space: SearchSpace, seed: UInt64, toll: Double, allowsRepeats: Bool) {
    self.space = space
    self.toll = toll
    origin = space.dimensions.map { $0.values.firstIndex(of: SearchSpace.untouched) ?? 0 }
    self.seed = seed
    self.allowsRepeats = allowsRepeats
    encoding = SpaceEncoding(space)
  }

  /// How many configurations come before the models are asked.
  ///
  /// - Parameter budget: of measurements in all.
  func initialCount(budget: Int) -> Int {
    let levels = space.dimensions.map(\.values.count).max() ?? 1
    return min(max(6, space.dimensions.count + 1, levels), max(2, budget / 3))
  }

  func surrogate(_ observations: [SearchObservation]) -> Surrogate {
    Surrogate(encoding, model(observations), seed: seed)
  }

  func model(_ observations: [SearchObservation]) -> [ModelObservation] {
    let last = max(1, observations.map(\.time).max() ?? 1)
    let floor = Self.floor(observations.map(\.value))
    return observations.compactMap { observation in
      space.point(of: observation.configuration).map {
        ModelObservation(
          point: $0, value: max(floor, observation.value), noiseShare: observation.noiseShare,
          time: observation.time / last)
      }
    }
  }

  /// Below this all is equally bad: as far beneath the middle, or beneath the first if that is
  /// lower, as the best stands above it. How deep a cliff is must not blur where the top lies.
  private static func floor(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    guard let first = values.first, let most = sorted.last else { return -.infinity }
    let middle = min(first, sorted[sorted.count / 2])
    return middle - (most - middle)
  }

  /// What to measure next; nil if everything is measured, or nothing else is found that is allowed.
  func next(after observations: [SearchObservation], budget: Int) -> Configuration? {
    var random = SeededGenerator(seed: seed &+ 0x9E37_79B9 &* UInt64(observations.count + 1))
    let points = Set(observations.compactMap { space.point(of: $0.configuration) })
    let measured = points.sorted { $0.lexicographicallyPrecedes($1) }
    let tried = points.union([space.point(of: .baseline)].compactMap(\.self))
    let candidates = self.candidates(observations, &random).filter {
      allowsRepeats || !tried.contains($0)
    }
    guard !candidates.isEmpty else { return nil }
    let isInitial = measured.count < initialCount(budget: budget)
    if isInitial || observations.isEmpty {
      return space.configuration(at: farthest(candidates, from: measured, &random))
    }
    let surrogate = surrogate(observations)
    if random.below(6) == 0,
      let neighbour = untriedNeighbour(measured, tried, surrogate, &random)
    {
      return space.configuration(at: neighbour)
    }
    let promises =
      random.unit() < surrogate.forestWeight
      ? improvements(candidates, measured, surrogate) : gradients(candidates, measured, surrogate)
    return space.configuration(
      at: mostPromising(candidates, promises, after: observations.last))
  }

  /// The candidate that shows most of what no other has shown: first values that were never seen,
  /// then pairs of values, then distance.
  private func farthest(
    _ candidates: [[Int]], from measured: [[Int]], _ random: inout SeededGenerator
  ) -> [Int] {
    let counts = space.dimensions.indices.map { knob in
      measured.reduce(into: [Int](repeating: 0, count: space.dimensions[knob].values.count)) {
        $0[$1[knob]] += 1
      }
    }
    var best: (score: Double, point: [Int])?
    for _ in 0..<min(400, candidates.count * 4) {
      let point = candidates[Int(random.below(UInt64(candidates.count)))]
      let balance = point.indices.reduce(0.0) { $0 + 1 / (1 + Double(counts[$1][point[$1]])) }
      let nearest = measured.map { encoding.distance(point, $0) }.min() ?? 0
      let score = balance + 0.5 * nearest
      if score > best?.score ?? -1 { best = (score, point) }
    }
    return best?.point ?? candidates[0]
  }

  /// One that differs from the best so far in a knob or two and was not measured: what a model has
  /// too soon taken for of no effect, by itself or together, is so found out.
  private func untriedNeighbour(
    _ measured: [[Int]], _ tried: Set<[Int]>, _ surrogate: Surrogate,
    _ random: inout SeededGenerator
  ) -> [Int]? {
    func draw(_ points: [[Int]]) -> [Int]? {
      points.isEmpty ? nil : points[Int(random.below(UInt64(points.count)))]
    }
    let best = measured.max {
      worth(of: $0, surrogate.predict($0)).mean < worth(of: $1, surrogate.predict($1)).mean
    }
    guard var centre = best else { return nil }
    if random.below(2) == 0, let step = draw(space.neighbours(of: centre)) { centre = step }
    return draw(space.neighbours(of: centre).filter { !tried.contains($0) })
  }

  /// The logarithms of the expected improvements over the best of what is measured, as models see
  /// it. Measuring again what is known well brings little (Huang et al., 2006).
  private func improvements(
    _ candidates: [[Int]], _ measured: [[Int]], _ surrogate: Surrogate
  ) -> [Double] {
    let known = measured.map { worth(of: $0, surrogate.predict($0)) }
    // Of what is known with some certainty the best counts.
    let best =
      known.max { $0.mean - $0.deviation < $1.mean - $1.deviation }?.mean ?? -.infinity
    return candidates.map { point in
      let expected = worth(of: point, surrogate.predict(point))
      let error =
        (expected.deviation * expected.deviation + surrogate.noise * surrogate.noise).squareRoot()
      let news = max(1e-9, 1 - surrogate.noise / error)
      return ExpectedImprovement.logarithm(expected, over: best) + log(news)
    }
  }

  /// The logarithms of the knowledge gradients. What is measured and may not be again can still be
  /// the best.
  private func gradients(
    _ candidates: [[Int]], _ measured: [[Int]], _ surrogate: Surrogate
  ) -> [Double] {
    let outlook = surrogate.outlook(on: candidates + (allowsRepeats ? [] : measured))
    let worths = zip(outlook.points, outlook.means).map { $1 - toll * Double(changes($0)) }
    let gradient = KnowledgeGradient(outlook, worths: worths, noise: surrogate.noise)
    return candidates.indices.map(gradient.logarithm(of:))
  }

  /// The candidate with the highest promise, which is a logarithm, for its time.
  private func mostPromising(
    _ candidates: [[Int]], _ promises: [Double], after last: SearchObservation?
  ) -> [Int] {
    var chosen: (score: Double, point: [Int])?
    for (point, promise) in zip(candidates, promises) {
      let cost = 1 + space.switchSeconds(from: last?.configuration, to: point)
      let score = promise - log(cost)
      if score > chosen?.score ?? -.infinity { chosen = (score, point) }
    }
    return chosen?.point ?? candidates[0]
  }

  private func worth(of point: [Int], _ expected: Prediction) -> Prediction {
    Prediction(
      mean: expected.mean - toll * Double(changes(point)), deviation: expected.deviation)
  }

  /// How many knobs a point changes.
  private func changes(_ point: [Int]) -> Int { zip(point, origin).count { $0 != $1 } }

  /// All of a space, or if it is large a draw of it and all that differs in one knob from one of
  /// the best. Nothing that rules exclude: where they leave hardly any, it may be that none is found.
  private func candidates(
    _ observations: [SearchObservation], _ random: inout SeededGenerator
  ) -> [[Int]] {
    if let points = space.points(limit: Self.wholeLimit) { return points }
    var points: Set<[Int]> = []
    for _ in 0..<Self.draws {
      let point = space.randomPoint(&random)
      // One that is excluded says that rules leave hardly any: neighbours are all there is then.
      guard space.isAllowed(point) else { break }
      points.insert(point)
    }
    let best = observations.sorted { $0.value > $1.value }.prefix(10)
    for observation in best {
      guard let point = space.point(of: observation.configuration) else { continue }
      points.insert(point)
      points.formUnion(space.neighbours(of: point))
    }
    return points.filter(space.isAllowed).sorted { $0.lexicographicallyPrecedes($1) }
  }
}

/// What a search has measured: one row of what strategies learn from.
package struct SearchObservation: Hashable, Sendable {
  package let configuration: Configuration
  /// The logarithm of the metric, or of its ratio to the baseline; more is better.
  package let value: Double
  /// The variance of its noise, as a share of that of a single measurement.
  package let noiseShare: Double
  /// When it was measured, in any unit.
  package let time: Double

  package init(
    configuration: Configuration, value: Double, noiseShare: Double = 1, time: Double = 0
  ) {
    self.configuration = configuration
    self.value = value
    self.noiseShare = noiseShare
    self.time = time
  }
}
