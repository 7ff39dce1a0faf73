import Foundation
import Measurement

/// A search space as models see it: every configuration is a point, the number of a value for each
/// knob, and two values of a knob have a distance.
struct SpaceEncoding {
  struct Dimension {
    /// Where each value is, 0…1; nil for a value that stands apart: a word, or a 0 that means off.
    private let positions: [Double?]
    /// Whether every value has a place.
    let isOrdinal: Bool

    init(_ values: [KnobValue], original: KnobValue?) {
      let numbers = values.map { value in
        (value == SearchSpace.untouched ? original : value)?.magnitude
      }
      let placed = numbers.compactMap(\.self)
      positions = placed.count >= 3 ? Self.positions(numbers) : values.map { _ in nil }
      isOrdinal = positions.allSatisfy { $0 != nil }
    }

    /// Numbers that span several powers of two are told apart by their ratio, others by their
    /// difference. A 0 below numbers that all are far from it means "off".
    private static func positions(_ numbers: [Double?]) -> [Double?] {
      let placed = numbers.compactMap(\.self)
      let positive = placed.filter { $0 > 0 }
      let isOff = positive.count >= 2 && (positive.min() ?? 0) >= 16
      let isLogarithmic =
        placed.allSatisfy { $0 >= 0 } && (positive.max() ?? 1) >= 8 * (positive.min() ?? 1)
      func place(_ number: Double) -> Double? {
        if number == 0, isOff { return nil }
        return isLogarithmic ? log2(number + (placed.contains(0) && !isOff ? 1 : 0)) : number
      }
      let places = numbers.map { $0.flatMap(place) }
      let known = places.compactMap(\.self)
      guard let low = known.min(), let high = known.max(), high > low else { return places }
      return places.map { $0.map { ($0 - low) / (high - low) } }
    }

    var count: Int { positions.count }

    /// Whether three values at least have a place.
    var hasOrder: Bool { positions.count { $0 != nil } >= 3 }

    /// In the order of the values; those that stand apart come first.
    func position(_ value: Int) -> Double { positions[value] ?? -1 }

    /// 0 for the same value, at most 1.
    func distance(_ left: Int, _ right: Int) -> Double {
      if left == right { return 0 }
      guard let from = positions[left], let to = positions[right] else { return 1 }
      return abs(from - to)
    }
  }

  let dimensions: [Dimension]

  init(_ space: SearchSpace) {
    dimensions = space.dimensions.map { Dimension($0.values, original: $0.original) }
  }

  /// The sum of the distances of the knobs' values.
  func distance(_ left: [Int], _ right: [Int]) -> Double {
    dimensions.indices.reduce(0) { $0 + dimensions[$1].distance(left[$1], right[$1]) }
  }
}

extension KnobValue {
  /// The number that it is; words may be numbers too, such as `0.5`. Nil for any other word.
  var magnitude: Double? {
    switch self {
    case .number(let number): Double(number)
    case .flag: nil
    case .word(let word): Double(word).flatMap { $0.isFinite ? $0 : nil }
    }
  }
}

/// One measurement, as models see it.
struct ModelObservation {
  let point: [Int]
  /// The logarithm of the metric, or of its ratio to the baseline; more is better.
  let value: Double
  /// The variance of the noise of this value, as a share of that of a single measurement.
  let noiseShare: Double
  /// When, as a share of the sweep: 0…1.
  let time: Double
}
