import Measurement

/// What each value of each knob seems to do, by the trials of a search: their gains over the
/// baseline as the sum of what their values do, by least squares.
///
/// An opinion, which says what to try first; a claim needs trials of its own. It knows the table
/// alone, not the space, so that it is the same whenever a recommendation is derived.
struct KnobEffects {
  private struct Setting: Hashable {
    let name: KnobName
    let value: KnobValue
  }

  private let places: [Setting: Int]
  private let gains: [Double]

  /// A pinch of ridge: of values that were only ever tried together, each gets its part, and one
  /// that was tried once is believed a little less.
  private static let ridge = 0.1
  private static let resolution = 1e-6
  /// Below this all is equally bad.
  private static let worst = -1.0

  /// - Parameter tried: the gains of configurations over the baseline.
  init(_ tried: [(configuration: Configuration, gain: Double)]) {
    var places: [Setting: Int] = [:]
    var rows: [(settings: [Int], gain: Double)] = []
    for (configuration, gain) in tried {
      let settings = configuration.names.compactMap { name in
        configuration[name].map { Setting(name: name, value: $0) }
      }
      let numbers = settings.map { setting in
        let place = places[setting] ?? places.count
        places[setting] = place
        return place
      }
      rows.append((numbers, max(Self.worst, gain)))
    }
    let order = places.count
    var matrix = [Double](repeating: 0, count: order * order)
    var right = [Double](repeating: 0, count: order)
    for place in 0..<order { matrix[place * order + place] = Self.ridge }
    for row in rows {
      for place in row.settings {
        right[place] += row.gain
        for other in row.settings { matrix[place * order + other] += 1 }
      }
    }
    self.places = places
    gains = CholeskyFactor(matrix, order: order)?.solve(right) ?? right
  }

  /// ln of the ratio, above 0 if it is for the better; 0 of what was not tried. Coarse enough that
  /// equals are equal, whatever the last digit of the arithmetic.
  func gain(_ name: KnobName, _ value: KnobValue) -> Double {
    let gain = places[Setting(name: name, value: value)].map { gains[$0] } ?? 0
    return (gain / Self.resolution).rounded() * Self.resolution
  }
}
