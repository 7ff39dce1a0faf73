import Foundation
import Measurement

/// A statistic that is also computed in Tests/Peers/statistics_oracle.py, under the same name.
enum OracleQuestion: String, CaseIterable {
  case student, normal, signedRank, hodgesLehmann, signFlip, mannWhitney, shift, adjusted
  case equivalence, bootstrap, autocorrelation, alphaSpending

  /// How many random inputs there are.
  var count: Int { self == .alphaSpending ? 40 : 1000 }

  /// The error that is allowed whatever the value: above 0 where values of about 1 may cancel out.
  var cancelling: Double {
    switch self {
    case .hodgesLehmann, .shift, .autocorrelation, .bootstrap: 1e-12
    default: 0
    }
  }

  /// Always the same.
  var inputs: [[[Double]]] {
    (0..<count).map { number in
      var draw = SeededGenerator(seed: UInt64(number))
      return input(&draw, number)
    }
  }

  private func input(_ draw: inout SeededGenerator, _ number: Int) -> [[Double]] {
    switch self {
    case .student:
      let degrees = number.isMultiple(of: 2) ? Double(1 + draw.below(200)) : exp(8 * draw.unit())
      return [[degrees, 6 * draw.normal(), draw.probability()]]
    case .normal: return [[draw.probability(), 3 * draw.normal()]]
    case .signedRank, .hodgesLehmann: return [draw.sample(2...30)]
    case .signFlip: return [draw.sample(2...11, isRounded: number.isMultiple(of: 2))]
    case .mannWhitney:
      let isRounded = number.isMultiple(of: 3)
      let sizes = number.isMultiple(of: 5) ? 1...40 : 1...20
      return [draw.sample(sizes, isRounded: isRounded), draw.sample(sizes, isRounded: isRounded)]
    case .shift: return [draw.sample(1...20), draw.sample(1...20)]
    case .adjusted: return [(0...draw.below(30)).map { _ in pow(draw.unit(), 3) }]
    case .equivalence: return [draw.sample(2...30), [-2 * draw.unit(), 2 * draw.unit()]]
    case .bootstrap: return [draw.sample(5...30).map(exp), [Double(draw.below(3))]]
    case .autocorrelation: return [draw.sample(3...200)]
    case .alphaSpending:
      var fractions = [0.1 + 0.3 * draw.unit()]
      while let last = fractions.last, last < 0.9 {
        fractions.append(last + 0.05 + 0.5 * draw.unit())
      }
      return [[Double(number % 2), 0.001 + 0.2 * draw.unit()], fractions.map { min(1, $0) }]
    }
  }

  /// - Parameter theirs: of the bootstrap, also what its interval is computed from.
  func ours(_ input: [[Double]], _ theirs: [Double?]) -> [Double?] {
    let first = input[0]
    let second = input.count > 1 ? input[1] : []
    switch self {
    case .student:
      let distribution = StudentDistribution(degreesOfFreedom: first[0])
      return [
        distribution.cumulative(first[1]), distribution.twoSidedProbability(first[1]),
        distribution.quantile(first[2]),
      ]
    case .normal:
      return [NormalDistribution.quantile(first[0]), NormalDistribution.cumulative(first[1])]
    case .signedRank: return [SignedRank.probability(first)]
    case .hodgesLehmann:
      let found = HodgesLehmann(first)
      return [found?.estimate, found?.interval?.lowerBound, found?.interval?.upperBound]
    case .signFlip:
      let found = SignFlip(first)
      return [found?.probability, found?.upperProbability, found?.lowerProbability]
    case .mannWhitney:
      let found = MannWhitney(first, second)
      return [found?.statistic, found?.probability]
    case .shift:
      let found = HodgesLehmannShift(from: first, to: second)
      return [found?.estimate, found?.interval?.lowerBound, found?.interval?.upperBound]
    case .adjusted: return Holm.adjusted(first) + BenjaminiHochberg.adjusted(first)
    case .equivalence:
      let found = Estimate(first).flatMap { Equivalence($0, within: second[0]...second[1]) }
      return [found?.aboveLower, found?.belowUpper]
    case .bootstrap: return Self.bootstrap(first.count, theirs.dropFirst(2).compactMap { $0 })
    case .autocorrelation: return [Series.autocorrelation(first)]
    case .alphaSpending:
      let spending = AlphaSpending(first[0] > 0 ? .pocock : .obrienFleming, alpha: first[1])
      return spending.boundaries(at: second)
    }
  }

  /// - Parameter numbers: the estimate, the jackknife of each value, the replicates.
  private static func bootstrap(_ count: Int, _ numbers: [Double]) -> [Double?] {
    guard numbers.count > count + 1 else { return [] }
    let interval = Bootstrap.interval(
      numbers[0], replicates: Array(numbers[(count + 1)...]), jackknife: Array(numbers[1...count]))
    return [interval?.lowerBound, interval?.upperBound]
  }
}

extension SeededGenerator {
  /// Above 0 and below 1; every fifth of them so close to an end that few digits are left of it.
  fileprivate mutating func probability() -> Double {
    let value = (Double(next() >> 12) + 0.5) * 0x1p-52
    guard below(5) == 0 else { return value }
    return below(2) == 0 ? pow(value, 10) : 1 - pow(value, 5) / 2
  }

  /// Normal values about a centre that is not 0, as many as fit the range; rounded ones have ties,
  /// but none is 0.
  fileprivate mutating func sample(
    _ sizes: ClosedRange<Int>, isRounded: Bool = false
  ) -> [Double] {
    let count = sizes.lowerBound + Int(below(UInt64(sizes.count)))
    let centre = normal()
    return (0..<count).map { _ in
      let value = centre + normal()
      return isRounded ? (2 * value).rounded(.down) + 0.5 : value
    }
  }
}
