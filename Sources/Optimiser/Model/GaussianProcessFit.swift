import Foundation

/// Finds the parameters of a ``GaussianProcess`` that are most probable after the measurements.
struct GaussianProcessFit {
  private let kernel: ConfigurationKernel
  private let observations: [ModelObservation]
  /// With mean 0 and deviation 1.
  private let values: [Double]
  /// For every two measurements, of which the second is no later, where each knob's correlation
  /// stands in its table.
  private let places: [Int]

  /// - Parameter values: of the observations, with mean 0 and deviation 1.
  init(_ kernel: ConfigurationKernel, _ observations: [ModelObservation], values: [Double]) {
    self.kernel = kernel
    self.observations = observations
    self.values = values
    let points = observations.map(\.point)
    places = points.indices.flatMap { row in
      (0...row).flatMap { column in
        kernel.sizes.indices.map { points[row][$0] * kernel.sizes[$0] + points[column][$0] }
      }
    }
  }

  /// The prior variance of the common level.
  static let levelVariance = 1.0
  private static let steps = 60
  /// The time that fitting takes grows with the cube of the measurements: of more than these only so
  /// many are fitted to. What the knobs do is then foretold from all of them.
  private static let limit = 80

  /// The share of a sweep after which the machine has forgotten two thirds of where it was.
  private static let driftMemory = 0.2

  /// Of the machine's level at two times: an Ornstein-Uhlenbeck process.
  static func driftCovariance(_ left: Double, _ right: Double, _ variance: Double) -> Double {
    variance * exp(-abs(left - right) / driftMemory)
  }

  /// The most probable parameters, with the factor of the covariance and A⁻¹ y.
  func best() -> (GaussianProcess.Parameters, CholeskyFactor, [Double]) {
    let count = values.count
    guard count > Self.limit else { return condition(on: mostProbable()) }
    let sample = (0..<Self.limit).map { $0 * count / Self.limit }
    let fit = GaussianProcessFit(
      kernel, sample.map { observations[$0] }, values: sample.map { values[$0] })
    return condition(on: fit.mostProbable())
  }

  /// The logarithms of the most probable parameters.
  private func mostProbable() -> [Double] {
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
    return best
  }

  /// With more noise than fitted where rounding leaves no covariance otherwise.
  private func condition(
    on logarithms: [Double]
  ) -> (GaussianProcess.Parameters, CholeskyFactor, [Double]) {
    var logarithms = logarithms
    for _ in 0..<20 {
      let parameters = self.parameters(logarithms)
      if let factor = CholeskyFactor(covariances(parameters), order: values.count) {
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
    let share = 0.5 / Double(kernel.sizes.count)
    return kernel.correlations.flatMap { tables in
      tables.map { _ in Belief(centre: log(share / Double(tables.count)), spread: 1.5) }
    } + [
      Belief(centre: log(2), spread: 1), Belief(centre: log(2), spread: 1),
      Belief(centre: log(0.01), spread: 1), Belief(centre: log(0.05), spread: 1.2),
    ]
  }

  private func parameters(_ logarithms: [Double]) -> GaussianProcess.Parameters {
    let values = logarithms.map { exp(max(-16, min(5, $0))) }
    let count = kernel.count
    return GaussianProcess.Parameters(
      knobs: Array(values[..<count]), pairs: values[count], triples: values[count + 1],
      drift: values[count + 2], noise: values[count + 3])
  }

  private func covariances(_ parameters: GaussianProcess.Parameters) -> [Double] {
    let terms = kernel.weighted(parameters.knobs)
    let count = values.count
    let knobs = terms.count
    var matrix = [Double](repeating: 0, count: count * count)
    var start = 0
    for row in 0..<count {
      for column in 0...row {
        var sums = ElementarySums()
        for knob in 0..<knobs { sums.add(terms[knob][places[start + knob]]) }
        start += knobs
        matrix[row * count + column] =
          sums.first + parameters.pairs * sums.second + parameters.triples * sums.third
          + Self.driftCovariance(
            observations[row].time, observations[column].time, parameters.drift)
          + Self.levelVariance
      }
      matrix[row * count + row] += parameters.noise * observations[row].noiseShare + 1e-9
    }
    return matrix
  }

  /// The log density of the parameters and its slopes; nil where the covariance is no covariance.
  func evaluate(_ logarithms: [Double]) -> (density: Double, slopes: [Double])? {
    let parameters = self.parameters(logarithms)
    guard let factor = CholeskyFactor(covariances(parameters), order: values.count) else {
      return nil
    }
    let weights = factor.solve(values)
    var density =
      -0.5 * (zip(values, weights).reduce(0) { $0 + $1.0 * $1.1 } + factor.logDeterminant)
    var slopes = slopes(parameters, weights, factor.inverse)
    for (index, belief) in prior.enumerated() {
      let distance = (logarithms[index] - belief.centre) / belief.spread
      density -= 0.5 * distance * distance
      slopes[index] -= distance / belief.spread
    }
    return (density, slopes)
  }

  /// Of the log likelihood, by the logarithm of each parameter: half the trace of
  /// (w wᵀ − A⁻¹) dA.
  private func slopes(
    _ parameters: GaussianProcess.Parameters, _ weights: [Double], _ inverse: [Double]
  ) -> [Double] {
    let terms = kernel.weighted(parameters.knobs)
    let (count, knobs) = (values.count, terms.count)
    // By every element of the weighted tables first.
    var tables = terms.map { [Double](repeating: 0, count: $0.count) }
    var (pairs, triples, drift, noise) = (0.0, 0.0, 0.0, 0.0)
    var start = 0
    for row in 0..<count {
      for column in 0...row {
        // An element off the diagonal stands there twice.
        let share =
          (row == column ? 0.5 : 1)
          * (weights[row] * weights[column] - inverse[row * count + column])
        var sums = ElementarySums()
        for knob in 0..<knobs { sums.add(terms[knob][places[start + knob]]) }
        for knob in 0..<knobs {
          let place = places[start + knob]
          let rest = sums.first - terms[knob][place]
          let products = sums.second - terms[knob][place] * rest
          tables[knob][place] +=
            share * (1 + parameters.pairs * rest + parameters.triples * products)
        }
        start += knobs
        pairs += share * sums.second
        triples += share * sums.third
        drift +=
          share
          * Self.driftCovariance(
            observations[row].time, observations[column].time, 1)
        if row == column { noise += share * observations[row].noiseShare }
      }
    }
    var slopes: [Double] = []
    for (knob, correlations) in kernel.correlations.enumerated() {
      for correlation in correlations {
        let slope = zip(tables[knob], correlation).reduce(0) { $0 + $1.0 * $1.1 }
        slopes.append(parameters.knobs[slopes.count] * slope)
      }
    }
    return slopes + [
      parameters.pairs * pairs, parameters.triples * triples, parameters.drift * drift,
      parameters.noise * noise,
    ]
  }
}
