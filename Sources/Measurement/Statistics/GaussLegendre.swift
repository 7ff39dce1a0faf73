import Foundation

/// Integration after Gauss and Legendre: exact for polynomials up to degree 31 in each panel.
enum GaussLegendre {
  struct Point: Sendable {
    let position: Double
    let weight: Double
  }

  /// Where to evaluate a function, and by what to multiply it, so that the sum is its integral.
  /// - Parameter width: the most that a panel may be wide; above 0.
  static func nodes(from lower: Double, to upper: Double, width: Double) -> [Point] {
    let panels = max(1, Int(((upper - lower) / width).rounded(.up)))
    let half = (upper - lower) / Double(panels) / 2
    return (0..<panels).flatMap { panel in
      let centre = lower + half * Double(2 * panel + 1)
      return standard.map {
        Point(position: centre + half * $0.position, weight: half * $0.weight)
      }
    }
  }

  /// The 16 nodes of −1…1: the roots of Legendre's polynomial, by Newton's method.
  private static let standard: [Point] = (0..<16).map { index in
    let count = 16.0
    var x = cos(.pi * (Double(index) + 0.75) / (count + 0.5))
    var slope = 1.0
    for _ in 0..<10 {
      var (last, value) = (1.0, x)
      for degree in 2...16 {
        let n = Double(degree)
        (last, value) = (value, ((2 * n - 1) * x * value - (n - 1) * last) / n)
      }
      slope = count * (x * value - last) / (x * x - 1)
      x -= value / slope
    }
    return Point(position: x, weight: 2 / ((1 - x * x) * slope * slope))
  }
}
