import Foundation
import Measurement

/// A Gaussian process over configurations: what single knobs do, what pairs and triples of them do
/// together, and how the machine drifts, each with as much weight as the measurements bear out.
///
/// The covariance of two configurations is an analysis of variance in kernel form (Duvenaud,
/// Nickisch and Rasmussen, *Additive Gaussian Processes*, 2011). With z_j = v_j · κ(d_j), where d_j
/// is the distance of the values of knob j and κ the Matérn 5/2 correlation, it is
/// e₁(z) + s₂ e₂(z) + s₃ e₃(z), e_k being the sum of all products of k different z. A knob that does
/// nothing gets a v near 0. To that come an Ornstein-Uhlenbeck process over time, which is the
/// machine's drift, and independent noise.
struct GaussianProcess {
  private let encoding: SpaceEncoding
  private let observations: [ModelObservation]
  private let parameters: Parameters
  private let correlations: [[Double]]
  private let scale: Scale
  private let factor: CholeskyFactor
  private let weights: [Double]
  private let inverse: [Double]

  /// What the measurements are brought to before anything is computed: mean 0 and deviation 1.
  struct Scale {
    let mean: Double
    let deviation: Double

    init(_ values: [Double]) {
      mean = Series.mean(values) ?? 0
      let spread = Series.standardDeviation(values) ?? 0
      deviation = spread > 0 ? spread : 1
    }
  }

  /// - Parameter observations: at least one.
  init(_ encoding: SpaceEncoding, _ observations: [ModelObservation]) {
    self.encoding = encoding
    self.observations = observations
    scale = Scale(observations.map(\.value))
    correlations = encoding.dimensions.map(Self.correlations)
    let fit = GaussianProcessFit(
      points: observations.map(\.point), times: observations.map(\.time),
      values: observations.map { [scale] in ($0.value - scale.mean) / scale.deviation },
      noiseShares: observations.map(\.noiseShare), correlations: correlations,
      sizes: encoding.dimensions.map(\.count))
    (parameters, factor, weights) = fit.best()
    inverse = factor.inverse
  }

  /// What is fitted to the measurements: variances of values with deviation 1.
  struct Parameters {
    /// v_j: what each knob does by itself.
    var knobs: [Double]
    /// s₂ and s₃: what pairs and triples do, as a multiple of their products.
    var pairs: Double
    var triples: Double
    var drift: Double
    /// Of a single measurement.
    var noise: Double
  }

  /// The correlation of every two values of a knob, row by row.
  private static func correlations(_ dimension: SpaceEncoding.Dimension) -> [Double] {
    (0..<dimension.count * dimension.count).map { index in
      let (row, column) = index.quotientAndRemainder(dividingBy: dimension.count)
      return matern(dimension.distance(row, column) / correlationLength)
    }
  }

  /// The distance over which a knob's effect stays much the same; all of its values span 1.
  private static let correlationLength = 0.5

  private static func matern(_ distance: Double) -> Double {
    let root = 5.0.squareRoot() * distance
    return (1 + root + root * root / 3) * exp(-root)
  }

  /// What is expected of a configuration, drift and noise apart.
  func predict(_ point: [Int]) -> Prediction {
    let covariances = observations.map {
      Self.covariance($0.point, point, parameters, correlations, encoding)
        + GaussianProcessFit.levelVariance
    }
    let mean = zip(covariances, weights).reduce(0) { $0 + $1.0 * $1.1 }
    let solved = factor.solveLower(covariances)
    let prior =
      Self.covariance(point, point, parameters, correlations, encoding)
      + GaussianProcessFit.levelVariance
    let variance = max(1e-9, prior - solved.reduce(0) { $0 + $1 * $1 })
    return Prediction(
      mean: scale.mean + scale.deviation * mean,
      deviation: scale.deviation * variance.squareRoot())
  }

  /// What is expected of the difference of two configurations: the first less the second. What is
  /// uncertain of both alike does not count.
  func difference(_ first: [Int], _ second: [Int]) -> Prediction {
    func covariance(_ left: [Int], _ right: [Int]) -> Double {
      Self.covariance(left, right, parameters, correlations, encoding)
    }
    let covariances = observations.map {
      covariance($0.point, first) - covariance($0.point, second)
    }
    let mean = zip(covariances, weights).reduce(0) { $0 + $1.0 * $1.1 }
    let solved = factor.solveLower(covariances)
    let prior =
      covariance(first, first) + covariance(second, second) - 2 * covariance(first, second)
    let variance = max(1e-9, prior - solved.reduce(0) { $0 + $1 * $1 })
    return Prediction(
      mean: scale.deviation * mean, deviation: scale.deviation * variance.squareRoot())
  }

  /// How far the machine had drifted at each observation, as the process sees it.
  var drift: [Double] {
    observations.indices.map { index in
      let time = observations[index].time
      let covariances = observations.map {
        GaussianProcessFit.driftCovariance($0.time, time, parameters.drift)
      }
      return scale.deviation * zip(covariances, weights).reduce(0) { $0 + $1.0 * $1.1 }
    }
  }

  /// The deviation of a single measurement from what is expected of it.
  var noise: Double { scale.deviation * parameters.noise.squareRoot() }

  /// The mean log density of each observation, foretold from all the others (Rasmussen and
  /// Williams, 2006, 5.4.2).
  var leaveOneOutDensity: Double {
    let count = observations.count
    let densities = (0..<count).map { index in
      let variance = 1 / inverse[index * count + index]
      let error = weights[index] * variance
      return -0.5 * (log(2 * Double.pi * variance) + error * error / variance)
    }
    return (Series.mean(densities) ?? 0) - log(scale.deviation)
  }

  static func covariance(
    _ left: [Int], _ right: [Int], _ parameters: Parameters, _ correlations: [[Double]],
    _ encoding: SpaceEncoding
  ) -> Double {
    var sums = ElementarySums()
    for (knob, table) in correlations.enumerated() {
      sums.add(
        parameters.knobs[knob]
          * table[left[knob] * encoding.dimensions[knob].count + right[knob]])
    }
    return sums.first + parameters.pairs * sums.second + parameters.triples * sums.third
  }
}

/// The sums of all products of one, two and three different terms.
struct ElementarySums {
  private(set) var first = 0.0
  private(set) var second = 0.0
  private(set) var third = 0.0

  mutating func add(_ term: Double) {
    third += term * second
    second += term * first
    first += term
  }
}

/// What a model expects of a configuration.
struct Prediction: Hashable {
  let mean: Double
  let deviation: Double
}
