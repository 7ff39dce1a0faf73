import Foundation

/// How much the values of two configurations have in common.
///
/// It is an analysis of variance in kernel form (Duvenaud, Nickisch and Rasmussen, *Additive
/// Gaussian Processes*, 2011). With z_j for what knob j contributes, the covariance is
/// e₁(z) + s₂ e₂(z) + s₃ e₃(z), e_k being the sum of all products of k different z.
///
/// Every z_j is a sum of correlations, each with a weight: a smooth one over the values of the knob
/// (Matérn 5/2), and a rough one (Matérn 1/2) for thresholds and cliffs. Where values have no order
/// both would be alike, and there is but one.
struct ConfigurationKernel {
  /// How many values each knob has.
  let sizes: [Int]
  /// For each knob the correlations of every two of its values, row by row.
  let correlations: [[[Double]]]

  /// The distance over which a knob's effect stays much the same; all of its values span 1.
  private static let length = 0.5

  init(_ encoding: SpaceEncoding) {
    sizes = encoding.dimensions.map(\.count)
    correlations = encoding.dimensions.map { dimension in
      func table(_ correlation: (Double) -> Double) -> [Double] {
        (0..<dimension.count * dimension.count).map { index in
          let (row, column) = index.quotientAndRemainder(dividingBy: dimension.count)
          return correlation(dimension.distance(row, column) / Self.length)
        }
      }
      let smooth = table(Self.matern)
      return dimension.hasOrder ? [smooth, table { exp(-$0) }] : [smooth]
    }
  }

  /// Matérn 5/2.
  private static func matern(_ distance: Double) -> Double {
    let root = 5.0.squareRoot() * distance
    return (1 + root + root * root / 3) * exp(-root)
  }

  /// How many weights there are.
  var count: Int { correlations.reduce(0) { $0 + $1.count } }

  /// The weighted sum of each knob's correlations.
  func weighted(_ weights: [Double]) -> [[Double]] {
    var index = 0
    return correlations.map { tables in
      var sum = [Double](repeating: 0, count: tables[0].count)
      for table in tables {
        for place in sum.indices { sum[place] += weights[index] * table[place] }
        index += 1
      }
      return sum
    }
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
