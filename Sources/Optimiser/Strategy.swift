package import Measurement

/// Which configurations of a space the search tries, and in which order.
package enum Strategy: Hashable, Sendable {
  /// Every one.
  case grid
  /// So many of them, drawn without repeats; all of them if there are fewer.
  case random(trials: Int, seed: UInt64)

  /// The most configurations that one search tries.
  package static let limit = 100_000

  /// The configurations, the baseline not among them: every trial is held against it anyway.
  ///
  /// Throws if there are more than ``limit``.
  package func configurations(of space: SearchSpace) throws(SearchSpaceError) -> [Configuration] {
    let baseline = space.baselineIndex
    let count = space.count - (baseline == nil ? 0 : 1)
    let wanted =
      switch self {
      case .grid: count
      case .random(let trials, _): min(count, max(0, trials))
      }
    guard wanted <= Self.limit else {
      throw SearchSpaceError(
        "\(wanted) configurations would take for ever: give fewer values, "
          + "or a random search of at most \(Self.limit) trials")
    }
    let indices =
      switch self {
      case .grid: Array(0..<count)
      case .random(_, let seed): Self.draw(wanted, of: count, seed: seed)
      }
    return indices.map { index in
      space[baseline.map { index >= $0 ? index + 1 : index } ?? index]
    }
  }

  /// So many different numbers below `count`: the first steps of a Fisher-Yates shuffle, of which
  /// only the places that were touched are kept.
  private static func draw(_ wanted: Int, of count: Int, seed: UInt64) -> [Int] {
    var generator = SeededGenerator(seed: seed)
    var moved: [Int: Int] = [:]
    return (0..<wanted).map { place in
      let chosen = place + Int(generator.below(UInt64(count - place)))
      let drawn = moved[chosen] ?? chosen
      moved[chosen] = moved[place] ?? place
      return drawn
    }
  }
}
