import Foundation

/// Finds the parameters of a ``GaussianProcess`` that are most probable after the measurements.
struct GaussianProcessFit {
  let points: [[Int]]
  let times: [Double]
  /// With mean 0 and deviation 1.
  let values: [Double]
  /// The variance of each value's noise, as a share of the noise of a single measurement.
  let noiseShares: [Double]
  let correlations: [[Double]]
  let sizes: [Int]

  /// The prior variance of the common level.
  static let levelVariance = 1.0
  private static let steps = 60

  /// The share of a sweep after which the machine has forgotten two thirds of where it was.
  private static let driftMemory = 0.2

  /// Of the machine's level at two times: an Ornstein-Uhlenbeck process.
  static func driftCovariance(_ left: Double, _ right: Double, _ variance: Double) -> Double {
    variance * exp(-abs(left - right) / driftMemory)
  }

  /// The most probable parameters, with the factor of the covariance and A⁻¹ y.
  func best() -> (GaussianProcess.Parameters, CholeskyFactor, [Double]) {
    var place = prior.map(\.centre)
    var steps = [Double](repeating: 0.2, count: place.count)
    var signs = [Double](repeating: 0, count: place.count)
    var best = place
    var bestDensity = -Double.infinity
    // Rprop: every parameter has a step of its own, which grows while its slope keeps its sign.
    for _ in 0..<Self.steps {
      guard let (density, slopes) = evaluate(place) else {
        place = best
        steps = steps.map { $0 / 4 }
        continue
      }
      if density > bestDensity { (bestDensity, best) = (density, place) }
      var largest = 0.0
      for index in place.indices {
        let sign = slopes[index] > 0 ? 1.0 : -1
        steps[index] = min(1, max(0.001, steps[index] * (sign == signs[index] ? 1.3 : 0.5)))
        signs[index] = sign
        place[index] += sign * steps[index]
        largest = max(largest, steps[index])
      }
      if largest < 0.02 { break }
    }
    return condition(on: best)
  }

  /// With more noise than fitted where rounding leaves no covariance otherwise.
  private func condition(
    on logarithms: [Double]
  ) -> (GaussianProcess.Parameters, CholeskyFactor, [Double]) {
    var logarithms = logarithms
    for _ in 0..<20 {
      let parameters = self.parameters(logarithms)
      if let factor = CholeskyFactor(covariances(parameters), order: points.count) {
        return (parameters, factor, factor.solve(values))
      }
      logarithms[logarithms.count - 1] += 1
    }
    preconditionFailure("measurements are finite, and a matrix of mostly noise is positive")
  }

  /// What is thought of the logarithm of each parameter beforehand: its centre and its spread.
  private struct Belief {
    let centre: Double
    let spread: Double
  }

  private var prior: [Belief] {
    let knobs = Double(sizes.count)
    return sizes.map { _ in Belief(centre: log(0.5 / knobs), spread: 1.5) } + [
      Belief(centre: log(2), spread: 1), Belief(centre: log(2), spread: 1),
      Belief(centre: log(0.01), spread: 1), Belief(centre: log(0.05), spread: 1.2),
    ]
  }

  private func parameters(_ logarithms: [Double]) -> GaussianProcess.Parameters {
    let values = logarithms.map { exp(max(-16, min(5, $0))) }
    let count = sizes.count
    return GaussianProcess.Parameters(
      knobs: Array(values[..<count]), pairs: values[count], triples: values[count + 1],
      drift: values[count + 2], noise: values[count + 3])
  }

  private func covariances(_ parameters: GaussianProcess.Parameters) -> [Double] {
    let count = points.count
    var matrix = [Double](repeating: 0, count: count * count)
    for row in 0..<count {
      for column in 0...row {
        var sums = ElementarySums()
        for (knob, table) in correlations.enumerated() {
          let place = points[row][knob] * sizes[knob] + points[column][knob]
          sums.add(parameters.knobs[knob] * table[place])
        }
        matrix[row * count + column] =
          sums.first + parameters.pairs * sums.second + parameters.triples * sums.third
          + Self.driftCovariance(times[row], times[column], parameters.drift)
          + Self.levelVariance
      }
      matrix[row * count + row] += parameters.noise * noiseShares[row] + 1e-9
    }
    return matrix
  }

  /// The log density of the parameters and its slopes; nil where the covariance is no covariance.
  private func evaluate(_ logarithms: [Double]) -> (density: Double, slopes: [Double])? {
    let parameters = self.parameters(logarithms)
    let count = points.count
    guard let factor = CholeskyFactor(covariances(parameters), order: count) else { return nil }
    let weights = factor.solve(values)
    let inverse = factor.inverse
    var density =
      -0.5 * (zip(values, weights).reduce(0) { $0 + $1.0 * $1.1 } + factor.logDeterminant)
    var slopes = [Double](repeating: 0, count: logarithms.count)
    let knobs = sizes.count
    var terms = [Double](repeating: 0, count: knobs)
    for row in 0..<count {
      for column in 0...row {
        // Half the trace of (w wᵀ − A⁻¹) dA; an element off the diagonal stands there twice.
        let share =
          (row == column ? 0.5 : 1)
          * (weights[row] * weights[column] - inverse[row * count + column])
        var sums = ElementarySums()
        for knob in 0..<knobs {
          let place = points[row][knob] * sizes[knob] + points[column][knob]
          terms[knob] = parameters.knobs[knob] * correlations[knob][place]
          sums.add(terms[knob])
        }
        for knob in 0..<knobs {
          let rest = sums.first - terms[knob]
          let pairs = sums.second - terms[knob] * rest
          slopes[knob] +=
            share * terms[knob] * (1 + parameters.pairs * rest + parameters.triples * pairs)
        }
        slopes[knobs] += share * parameters.pairs * sums.second
        slopes[knobs + 1] += share * parameters.triples * sums.third
        slopes[knobs + 2] +=
          share * Self.driftCovariance(times[row], times[column], parameters.drift)
        if row == column { slopes[knobs + 3] += share * parameters.noise * noiseShares[row] }
      }
    }
    for (index, belief) in prior.enumerated() {
      let distance = (logarithms[index] - belief.centre) / belief.spread
      density -= 0.5 * distance * distance
      slopes[index] -= distance / belief.spread
    }
    return (density, slopes)
  }
}
