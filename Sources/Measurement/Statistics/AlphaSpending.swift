import Foundation

/// How much of α each planned look at growing data may use up, after Lan and DeMets (1983).
///
/// Who looks five times and stops at the first p below 0.05 is wrong in 14 % of the cases where
/// there is nothing. With these boundaries it is 5 %, however the looks are spaced; their number and
/// times must not depend on what was seen.
package struct AlphaSpending: Hashable, Sendable {
  package enum Shape: String, Hashable, Sendable, Codable, CaseIterable {
    /// Hardly anything at first, nearly all at the end, as O'Brien and Fleming's boundaries.
    case obrienFleming
    /// About as much at each look, as Pocock's boundaries.
    case pocock
  }

  package let shape: Shape
  /// The chance of a false finding over all looks, on either side together.
  package let alpha: Double

  package init(_ shape: Shape, alpha: Double = Estimate.alpha) {
    precondition(alpha > 0 && alpha < 1, "alpha is a probability")
    self.shape = shape
    self.alpha = alpha
  }

  /// How much of ``alpha`` may be used up by then.
  /// - Parameter fraction: of all the data that is planned, 0…1.
  package func spent(at fraction: Double) -> Double {
    guard fraction > 0 else { return 0 }
    guard fraction < 1 else { return alpha }
    switch shape {
    case .obrienFleming:
      let z = NormalDistribution.quantile(alpha / 4)
      return 4 * NormalDistribution.cumulative(z / fraction.squareRoot())
    case .pocock:
      return alpha * log(1 + (M_E - 1) * fraction)
    }
  }

  /// The |z| at which each look finds an effect.
  ///
  /// - Parameter fractions: of all the data that is planned, seen by each look: rising by 0.001 at
  ///   least, from 0.001 to 1 at most.
  /// - Returns: right to nine digits; infinity where a look may spend less than can be told from
  ///   nothing.
  package func boundaries(at fractions: [Double]) -> [Double] {
    precondition(fractions.allSatisfy { $0 <= 1 }, "no look sees more than all")
    var boundaries: [Double] = []
    var last = 0.0
    var paths = SurvivingPaths()
    for (look, fraction) in fractions.enumerated() {
      precondition(fraction - last >= 0.000_999, "looks are 0.001 apart")
      let spending = spent(at: fraction) - spent(at: last)
      let boundary = Self.boundary(paths, fraction: fraction, spending: spending)
      boundaries.append(boundary)
      let next = look + 1 < fractions.count ? fractions[look + 1] : 1
      paths = paths.surviving(boundary, at: fraction, next: max(next - fraction, 0.001))
      last = fraction
    }
    return boundaries
  }

  /// The z that as many paths as may be spent lie beyond.
  private static func boundary(
    _ paths: SurvivingPaths, fraction: Double, spending: Double
  ) -> Double {
    var low = 0.0
    var high = SurvivingPaths.farthest
    guard paths.crossing(high, at: fraction) < spending else { return .infinity }
    while true {
      let middle = low + (high - low) / 2
      guard low < middle, middle < high else { return middle }
      if paths.crossing(middle, at: fraction) > spending { low = middle } else { high = middle }
    }
  }
}

/// Where a Brownian motion is that has crossed no boundary so far: its density, known at the nodes
/// of an integration (Armitage, McPherson and Rowe, 1969).
private struct SurvivingPaths {
  /// No path gets as far as that, in standard deviations.
  static let farthest = 30.0

  private struct Node {
    let position: Double
    /// The density there × the node's weight.
    let mass: Double
  }

  private var time = 0.0
  /// All paths start from 0.
  private var nodes = [Node(position: 0, mass: 1)]

  /// The share of all paths that first lie beyond ±`z` at that time.
  func crossing(_ z: Double, at fraction: Double) -> Double {
    let bound = z * fraction.squareRoot()
    let spread = (fraction - time).squareRoot()
    return nodes.reduce(0) { sum, node in
      let above = NormalDistribution.cumulative((node.position - bound) / spread)
      let below = NormalDistribution.cumulative((-bound - node.position) / spread)
      return sum + node.mass * (above + below)
    }
  }

  /// Those that do not.
  /// - Parameter next: how long it is until the look after.
  func surviving(_ z: Double, at fraction: Double, next: Double) -> SurvivingPaths {
    let bound = min(z, 12) * fraction.squareRoot()
    let step = fraction - time
    let spread = step.squareRoot()
    var others = SurvivingPaths()
    others.time = fraction
    let width = 2 * min(spread, next.squareRoot())
    others.nodes = GaussLegendre.nodes(from: -bound, to: bound, width: width).map { point in
      let density = nodes.reduce(0) { sum, node in
        let distance = (point.position - node.position) / spread
        return sum + node.mass * exp(-distance * distance / 2)
      }
      return Node(
        position: point.position, mass: point.weight * density / (2 * .pi * step).squareRoot())
    }
    return others
  }
}
