import Measurement

/// A configuration as a point: the number of its value for each knob.
extension SearchSpace {
  func configuration(at point: [Int]) -> Configuration {
    var configuration = Configuration()
    for (dimension, digit) in zip(dimensions, point) {
      let value = dimension.values[digit]
      if value != Self.untouched { configuration.values[dimension.knob] = value }
    }
    return configuration
  }

  /// Nil for a configuration with a knob or a value that the space does not have.
  func point(of configuration: Configuration) -> [Int]? {
    guard configuration.names.allSatisfy({ name in dimensions.contains { $0.knob == name } }) else {
      return nil
    }
    var point: [Int] = []
    for dimension in dimensions {
      let value = configuration[dimension.knob] ?? Self.untouched
      guard let digit = dimension.values.firstIndex(of: value) else { return nil }
      point.append(digit)
    }
    return point
  }

  func isAllowed(_ point: [Int]) -> Bool {
    if let listed { return listed.contains(sorted: point) }
    guard !rules.isEmpty else { return true }
    let configuration = configuration(at: point)
    return rules.allSatisfy { $0.allows(configuration) }
  }

  /// Every point of the space; nil if there are more than so many combinations.
  func points(limit: Int) -> [[Int]]? {
    if let listed { return listed.count <= limit ? listed : nil }
    guard count <= limit else { return nil }
    return (0..<count).map(point(at:)).filter(isAllowed)
  }

  /// The point with that number, 0 up to ``count``; the last knob turns fastest.
  func point(at index: Int) -> [Int] {
    var rest = index
    var point = [Int](repeating: 0, count: dimensions.count)
    for knob in dimensions.indices.reversed() {
      (rest, point[knob]) = rest.quotientAndRemainder(dividingBy: dimensions[knob].values.count)
    }
    return point
  }

  /// The number of the baseline among the combinations, or in the list of points; nil if some knob
  /// may not be left as it was found.
  var baselineIndex: Int? {
    guard let point = point(of: .baseline) else { return nil }
    if let listed { return listed.firstIndex(of: point) }
    return zip(dimensions, point).reduce(0) { $0 * $1.0.values.count + $1.1 }
  }

  /// A point of the space, each as likely as another. Where rules leave hardly any, it may be one
  /// that they exclude.
  func randomPoint(_ random: inout SeededGenerator) -> [Int] {
    if let listed { return listed[Int(random.below(UInt64(listed.count)))] }
    var point: [Int] = []
    for _ in 0..<1000 {
      point = dimensions.map { Int(random.below(UInt64($0.values.count))) }
      if isAllowed(point) { break }
    }
    return point
  }

  /// Every point that differs in one knob.
  func neighbours(of point: [Int]) -> [[Int]] {
    dimensions.indices.flatMap { knob in
      dimensions[knob].values.indices.filter { $0 != point[knob] }.map { digit in
        var neighbour = point
        neighbour[knob] = digit
        return neighbour
      }
    }.filter(isAllowed)
  }

  /// How long the change from one configuration to another takes: as long as the slowest knob that
  /// moves. Nothing is known of before the first.
  func switchSeconds(from configuration: Configuration?, to point: [Int]) -> Double {
    guard let configuration else { return 0 }
    return zip(dimensions, point).reduce(0) { most, next in
      let (dimension, digit) = next
      let value = configuration[dimension.knob] ?? Self.untouched
      return value == dimension.values[digit] ? most : max(most, dimension.switchSeconds)
    }
  }
}

extension [[Int]] {
  /// Whether a sorted list holds the point.
  fileprivate func contains(sorted point: [Int]) -> Bool {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if self[middle].lexicographicallyPrecedes(point) { low = middle + 1 } else { high = middle }
    }
    return low < count && self[low] == point
  }
}
