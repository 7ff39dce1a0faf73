import Foundation

/// How much better the best is expected to look after one more measurement.
///
/// A measurement of one configuration says something of all that are like it. So it may be worth
/// most to measure what is not the best itself, but tells which of the others is (Frazier, Powell
/// and Dayanik, *The Knowledge-Gradient Policy for Correlated Normal Beliefs*, 2009). Where effects
/// are smaller than the noise, expected improvement does not see that.
struct KnowledgeGradient {
  private let outlook: GaussianProcess.Outlook
  private let worths: [Double]
  private let rivals: [Int]
  private let noise: Double

  /// Of all configurations only so many may become the best by a measurement of another one.
  private static let rivalCount = 32

  /// - Parameters:
  ///   - worths: what is expected of each point of the outlook, with all that speaks against it.
  ///   - noise: the deviation of a single measurement.
  init(_ outlook: GaussianProcess.Outlook, worths: [Double], noise: Double) {
    self.outlook = outlook
    self.worths = worths
    self.noise = noise
    let hopes = worths.indices.map {
      worths[$0] + max(0, outlook.covariance($0, $0)).squareRoot()
    }
    rivals = Array(
      worths.indices.sorted { hopes[$0] == hopes[$1] ? $0 < $1 : hopes[$0] > hopes[$1] }
        .prefix(Self.rivalCount))
  }

  /// ln of the rise of the highest expectation by measuring that point; −∞ if nothing that comes of
  /// it would change which is the best.
  func logarithm(of point: Int) -> Double {
    let variance = max(0, outlook.covariance(point, point))
    let deviation = (variance + noise * noise).squareRoot()
    guard deviation > 0 else { return -.infinity }
    var lines = rivals.map {
      Line(height: worths[$0], slope: outlook.covariance(point, $0) / deviation)
    }
    lines.append(Line(height: worths[point], slope: variance / deviation))
    return Self.logarithmOfRise(lines)
  }

  /// What will be expected of a configuration: height + slope · Z, Z being the standard normal
  /// surprise that the measurement brings.
  struct Line {
    let height: Double
    let slope: Double
  }

  /// ln(E max(height + slope · Z) − max height).
  ///
  /// Of the lines' upper envelope every corner adds the change of slope times E max(0, Z − |z|), z
  /// being where it is.
  static func logarithmOfRise(_ lines: [Line]) -> Double {
    let sorted = lines.sorted { ($0.slope, $0.height) < ($1.slope, $1.height) }
    var envelope: [(line: Line, from: Double)] = []
    for line in sorted {
      var from = -Double.infinity
      while let last = envelope.last {
        let rise = line.slope - last.line.slope
        let crossing = rise > 0 ? (last.line.height - line.height) / rise : -.infinity
        guard crossing <= last.from else {
          from = crossing
          break
        }
        envelope.removeLast()
      }
      envelope.append((line, from))
    }
    let terms = zip(envelope, envelope.dropFirst()).map { before, after in
      log(after.line.slope - before.line.slope)
        + ExpectedImprovement.logarithmOfGain(-abs(after.from))
    }
    guard let most = terms.max(), most.isFinite else { return -.infinity }
    return most + log(terms.reduce(0) { $0 + exp($1 - most) })
  }
}
