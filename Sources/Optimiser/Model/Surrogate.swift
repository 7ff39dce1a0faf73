import Foundation
import Measurement

/// The two models of a search, each with as much weight as it deserves.
struct Surrogate {
  private let process: GaussianProcess
  private let forest: RandomForest
  /// Of the forest; the process has the rest.
  let forestWeight: Double
  /// The deviation of a single measurement.
  let noise: Double

  /// - Parameter observations: at least one.
  init(_ encoding: SpaceEncoding, _ observations: [ModelObservation], seed: UInt64) {
    process = GaussianProcess(encoding, observations)
    noise = process.noise
    // Trees know nothing of time: they get values from which the drift is gone.
    let still = zip(observations, process.drift).map { observation, drift in
      ModelObservation(
        point: observation.point, value: observation.value - drift,
        noiseShare: observation.noiseShare, time: observation.time)
    }
    forest = RandomForest(encoding, still, seed: seed)
    forestWeight = Self.weight(
      of: forest.leaveOneOutDensities(noise: noise), against: process.leaveOneOutDensities)
  }

  /// The weight with which a mixture of both gives every measurement, foretold from the others, the
  /// highest density (Yao et al., *Using Stacking to Average Bayesian Predictive Distributions*,
  /// 2018).
  static func weight(of densities: [Double?], against others: [Double]) -> Double {
    let ratios = zip(densities, others).compactMap { density, other in
      density.map { exp(min(50, max(-50, $0 - other))) }
    }
    // Expectation and maximisation in turns, as if either had once been right beforehand.
    var weight = 0.5
    for _ in 0..<50 {
      let shares = ratios.map { weight * $0 / (weight * $0 + 1 - weight) }
      weight = (shares.reduce(0, +) + 1) / (Double(shares.count) + 2)
    }
    return weight
  }

  /// Of the mixture of both.
  func predict(_ point: [Int]) -> Prediction {
    let (first, second) = (process.predict(point), forest.predict(point))
    let distance = second.mean - first.mean
    let variance =
      (1 - forestWeight) * first.deviation * first.deviation
      + forestWeight * second.deviation * second.deviation
      + forestWeight * (1 - forestWeight) * distance * distance
    return Prediction(
      mean: first.mean + forestWeight * distance, deviation: variance.squareRoot())
  }

  /// What the Gaussian process expects of many configurations together.
  func outlook(on points: [[Int]]) -> GaussianProcess.Outlook { process.outlook(on: points) }

  /// What is expected of the first less the second, as the Gaussian process sees it: a forest knows
  /// nothing of what two guesses have in common.
  func difference(_ first: [Int], _ second: [Int]) -> Prediction {
    process.difference(first, second)
  }
}

/// How much more than the best so far a measurement may bring.
enum ExpectedImprovement {
  /// ln of E max(0, f − best), also where it is smaller than any number (Ament et al., *Unexpected
  /// Improvements to Expected Improvement*, 2023).
  static func logarithm(_ expected: Prediction, over best: Double) -> Double {
    let z = (expected.mean - best) / expected.deviation
    return log(expected.deviation) + logarithmOfGain(z)
  }

  /// ln(z Φ(z) + φ(z)).
  static func logarithmOfGain(_ z: Double) -> Double {
    let density = -z * z / 2 - log(2 * Double.pi) / 2
    if z > -5 {
      return log(z * NormalDistribution.cumulative(z) + exp(density))
    }
    // Mills' ratio as a series: Φ(z)/φ(z) = −1/z · (1 − 1/z² + 3/z⁴ − 15/z⁶ …).
    let square = 1 / (z * z)
    return density + log(square * (1 - square * (3 - square * (15 - square * 105))))
  }
}
