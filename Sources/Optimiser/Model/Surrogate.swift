import Foundation
import Measurement

/// The two models of a search, and which of them foretells better.
struct Surrogate {
  private let process: GaussianProcess
  private let forest: RandomForest
  /// Whether the forest gave the measurements it had not seen a higher density.
  let prefersForest: Bool
  /// The deviation of a single measurement.
  let noise: Double

  enum Engine { case gaussianProcess, randomForest }

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
    prefersForest = forest.leaveOneOutDensity(noise: process.noise) > process.leaveOneOutDensity
  }

  var better: Engine { prefersForest ? .randomForest : .gaussianProcess }

  func predict(_ point: [Int], by engine: Engine) -> Prediction {
    switch engine {
    case .gaussianProcess: process.predict(point)
    case .randomForest: forest.predict(point)
    }
  }

  /// What is expected of the first less the second, as the Gaussian process sees it: a forest knows
  /// nothing of what two guesses have in common.
  func difference(_ first: [Int], _ second: [Int]) -> Prediction {
    process.difference(first, second)
  }

  func predict(_ point: [Int]) -> Prediction { predict(point, by: better) }
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
