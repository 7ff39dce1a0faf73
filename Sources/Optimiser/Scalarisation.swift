import Measurement

/// Several gains as one number, for strategies that learn from one: ParEGO (J. Knowles: ParEGO: a
/// hybrid algorithm with on-line landscape approximation for expensive multiobjective optimization
/// problems. IEEE Transactions on Evolutionary Computation 10, 2006).
///
/// Of each metric it counts how far a configuration falls short of the best, in shares of the front
/// found so far. The augmented Chebyshev function of these, with weights that are others for every
/// trial, is what the next trial shall make small; so the search visits all of the front in turn.
struct Scalarisation {
  private let weights: [Double]
  /// Of each metric: the largest gain, and how much of it the front spans.
  private let best: [Double]
  private let ranges: [Double]

  /// What the sum counts beside the largest.
  private static let augmentation = 0.05
  /// Into how many steps a weight is divided, by the number of metrics.
  private static let steps = [2: 10, 3: 4]
  /// From one set of weights to the next: no divisor of how many there are, so that neighbours in
  /// time are far apart and none is left out.
  private static let stride = 4

  /// - Parameters:
  ///   - gains: ln of ratios over the baseline by metric, above 0 if for the better; of everything
  ///     that was tried and is sound.
  ///   - aims: how many metrics there are.
  ///   - number: of the trial that is to be chosen.
  ///   - least: the smallest gain that matters. No front spans less.
  init(_ gains: [[Double]], aims: Int, number: Int, least: Double) {
    let all = [[Double](repeating: 0, count: aims)] + gains
    let front = ParetoFront.members(of: all).map { all[$0] }
    func ends(_ aim: Int) -> (least: Double, most: Double) {
      let values = front.map { $0[aim] }
      return (values.min() ?? 0, values.max() ?? 0)
    }
    best = (0..<aims).map { ends($0).most }
    ranges = (0..<aims).map { max(least, ends($0).most - ends($0).least, .ulpOfOne) }
    let choices = Self.weights(aims)
    weights = choices[number * Self.stride % choices.count]
  }

  /// What a configuration is worth, the baseline being 0, on the scale of the gains. Of one metric it
  /// is its gain.
  func value(_ gains: [Double]) -> Double {
    guard gains.count > 1 else { return gains.first ?? 0 }
    let scale = (Series.mean(ranges) ?? 1) * Double(gains.count)
    return scale * (shortfall(gains.map { _ in 0 }) - shortfall(gains))
  }

  private func shortfall(_ gains: [Double]) -> Double {
    let terms = gains.indices.map { weights[$0] * (best[$0] - gains[$0]) / ranges[$0] }
    return (terms.max() ?? 0) + Self.augmentation * terms.reduce(0, +)
  }

  /// Every set of weights that are multiples of a step, at least 0, and add up to 1.
  static func weights(_ aims: Int) -> [[Double]] {
    guard let steps = steps[aims] else { return [[Double](repeating: 1, count: aims)] }
    func sets(_ places: Int, _ left: Int) -> [[Double]] {
      guard places > 1 else { return [[Double(left) / Double(steps)]] }
      return (0...left).flatMap { part in
        sets(places - 1, left - part).map { [Double(part) / Double(steps)] + $0 }
      }
    }
    return sets(aims, steps)
  }
}
