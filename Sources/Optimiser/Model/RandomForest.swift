import Foundation
import Measurement

/// A forest of regression trees: cliffs and plateaus that no smooth model follows.
///
/// Every tree grows on a bootstrap sample, all knobs are open to every split, and leaves may hold a
/// single measurement (Hutter, Hoos and Leyton-Brown, SMAC, 2011). Ordinal knobs are split at a
/// value, categorical ones into two sets, in the order of their means (Fisher, 1958).
struct RandomForest {
  private let trees: [RegressionTree]
  private let observations: [ModelObservation]

  static let size = 32

  init(_ encoding: SpaceEncoding, _ observations: [ModelObservation], seed: UInt64) {
    self.observations = observations
    var random = SeededGenerator(seed: seed)
    let count = observations.count
    trees = (0..<Self.size).map { _ in
      let sample = (0..<count).map { _ in Int(random.below(UInt64(count))) }
      return RegressionTree(encoding, observations, sample)
    }
  }

  /// The mean of the trees, and the deviation of their opinions and of what their leaves hold.
  func predict(_ point: [Int]) -> Prediction { Self.combine(trees.map { $0.predict(point) }) }

  private static func combine(_ leaves: [RegressionTree.Leaf]) -> Prediction {
    let count = Double(leaves.count)
    let mean = leaves.reduce(0) { $0 + $1.mean } / count
    let between = leaves.reduce(0) { $0 + ($1.mean - mean) * ($1.mean - mean) } / count
    let within = leaves.reduce(0) { $0 + $1.varianceOfMean } / count
    return Prediction(mean: mean, deviation: max(1e-9, between + within).squareRoot())
  }

  /// The log density of each observation, foretold by the trees that have not seen it; nil where
  /// hardly any have not.
  func leaveOneOutDensities(noise: Double) -> [Double?] {
    observations.indices.map { index in
      let blind = trees.filter { !$0.sample.contains(index) }
      guard blind.count >= 3 else { return nil }
      let expected = Self.combine(blind.map { $0.predict(observations[index].point) })
      let variance =
        expected.deviation * expected.deviation + noise * noise * observations[index].noiseShare
      let error = observations[index].value - expected.mean
      return -0.5 * (log(2 * Double.pi * variance) + error * error / variance)
    }
  }
}

/// One tree of a ``RandomForest``.
struct RegressionTree {
  struct Leaf {
    let mean: Double
    /// Of the mean: the variance of what the leaf holds, by its count.
    let varianceOfMean: Double
  }

  private enum Node {
    case leaf(Leaf)
    /// Places of what comes next: of a value that goes left, in the order of the values, and of
    /// nodes.
    case split(knob: Int, goesLeft: Int, left: Int, right: Int)
  }

  /// The observations that the tree grew on.
  let sample: Set<Int>
  /// The root last. They lie side by side, since a search asks every tree about thousands of points.
  private var nodes: [Node] = []
  /// Of each split, which values of its knob go left; the others go right.
  private var goesLeft: [Bool] = []

  init(_ encoding: SpaceEncoding, _ observations: [ModelObservation], _ sample: [Int]) {
    self.sample = Set(sample)
    _ = grow(encoding, observations, sample)
  }

  func predict(_ point: [Int]) -> Leaf {
    var place = nodes.count - 1
    while true {
      switch nodes[place] {
      case .leaf(let leaf): return leaf
      case .split(let knob, let values, let left, let right):
        place = goesLeft[values + point[knob]] ? left : right
      }
    }
  }

  /// - Parameter sample: the places of observations, each as often as it counts.
  /// - Returns: the place of the node that stands for them.
  private mutating func grow(
    _ encoding: SpaceEncoding, _ observations: [ModelObservation], _ sample: [Int]
  ) -> Int {
    var best: (knob: Int, left: [Bool], gain: Double)?
    for knob in encoding.dimensions.indices {
      guard let split = Self.bestSplit(knob, encoding.dimensions[knob], observations, sample)
      else { continue }
      if split.gain > best?.gain ?? 1e-12 { best = (knob, split.left, split.gain) }
    }
    guard let best else {
      nodes.append(.leaf(Self.leaf(sample.map { observations[$0].value })))
      return nodes.count - 1
    }
    func isLeft(_ place: Int) -> Bool { best.left[observations[place].point[best.knob]] }
    let left = grow(encoding, observations, sample.filter(isLeft))
    let right = grow(encoding, observations, sample.filter { !isLeft($0) })
    nodes.append(.split(knob: best.knob, goesLeft: goesLeft.count, left: left, right: right))
    goesLeft += best.left
    return nodes.count - 1
  }

  private static func leaf(_ values: [Double]) -> Leaf {
    let deviation = Series.standardDeviation(values) ?? 0
    return Leaf(
      mean: Series.mean(values) ?? 0,
      varianceOfMean: deviation * deviation / Double(max(1, values.count)))
  }

  /// The split of a knob's values that leaves the least spread on both sides; nil where all have
  /// the same value.
  private static func bestSplit(
    _ knob: Int, _ dimension: SpaceEncoding.Dimension, _ observations: [ModelObservation],
    _ sample: [Int]
  ) -> (left: [Bool], gain: Double)? {
    var sums = [Double](repeating: 0, count: dimension.count)
    var counts = [Double](repeating: 0, count: dimension.count)
    for place in sample {
      let value = observations[place].point[knob]
      sums[value] += observations[place].value
      counts[value] += 1
    }
    var there = (0..<dimension.count).filter { counts[$0] > 0 }
    guard there.count > 1 else { return nil }
    if dimension.isOrdinal {
      there.sort { dimension.position($0) < dimension.position($1) }
    } else {
      there.sort { sums[$0] / counts[$0] < sums[$1] / counts[$1] }
    }
    let (total, count) = (sums.reduce(0, +), counts.reduce(0, +))
    var best: (place: Int, gain: Double)?
    var (sum, number) = (0.0, 0.0)
    for (place, value) in there.dropLast().enumerated() {
      sum += sums[value]
      number += counts[value]
      let distance = sum / number - (total - sum) / (count - number)
      let gain = number * (count - number) / count * distance * distance
      if gain > best?.gain ?? 0 { best = (place, gain) }
    }
    return best.map { best in
      let left = Set(there[...best.place])
      return ((0..<dimension.count).map(left.contains), best.gain)
    }
  }
}
