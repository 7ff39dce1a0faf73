package import Measurement

/// Which configurations of a space the search tries, and in which order.
package enum Strategy: Hashable, Sendable {
  /// Every one.
  case grid
  /// So many of them, drawn without repeats; all of them if there are fewer.
  case random(trials: Int, seed: UInt64)
  /// Every value by itself, then all those together that helped.
  case oneAtATime
  /// So many, each where models see the most to gain: see ``SearchPlan``.
  case model(trials: Int, seed: UInt64)
  /// The grid if it has no more than so many, else as ``model(trials:seed:)``.
  case auto(trials: Int, seed: UInt64)

  /// The most configurations that one search tries.
  package static let limit = 100_000

  /// The words for profiles and the command line.
  package enum Kind: String, Sendable, CaseIterable {
    case auto
    case grid
    case model
    case oneAtATime = "one-at-a-time"
    case random
  }

  package init(_ kind: Kind, trials: Int, seed: UInt64) {
    self =
      switch kind {
      case .auto: .auto(trials: trials, seed: seed)
      case .grid: .grid
      case .model: .model(trials: trials, seed: seed)
      case .oneAtATime: .oneAtATime
      case .random: .random(trials: trials, seed: seed)
      }
  }
}

/// A strategy at work on a space.
///
/// The baseline is never proposed: every trial is held against it anyway.
package struct SearchPlan: Sendable {
  /// How many configurations are tried at most.
  package let count: Int
  /// What is tried first, before anything measured has a say: everything, unless the strategy
  /// learns.
  package let fixed: [Configuration]
  /// What comes before the strategy's own.
  package let start: [Configuration]
  /// The most knobs that a configuration may change.
  package let mostKnobs: Int
  private let rest: Rest

  private enum Rest: Sendable {
    case none
    case combination(SearchSpace)
    case model(ModelSearch)
  }

  /// - Parameters:
  ///   - margin: the smallest effect that is worth a change, as a share.
  ///   - start: what is tried first by a strategy that does not try all of a kind.
  /// - Throws: if there are more than ``Strategy/limit`` configurations to try.
  package init(
    _ strategy: Strategy, on space: SearchSpace, margin: Double, start: [Configuration] = []
  ) throws(SearchSpaceError) {
    let start = Self.allowed(start, space)
    switch strategy {
    case .grid: self.init(Self.grouped(try Self.all(space), space))
    case .random(let trials, let seed):
      let drawn = try Self.draw(trials, of: space, seed: seed).filter { !start.contains($0) }
      self.init(start + Self.grouped(drawn, space), start: start, most: trials)
    case .oneAtATime: self.init(oneAtATime: space)
    case .model(let trials, let seed): try self.init(model: trials, seed, space, margin, start)
    case .auto(let trials, let seed):
      if let all = try? Self.all(space), all.count <= trials {
        self.init(Self.grouped(all, space))
      } else {
        try self.init(model: trials, seed, space, margin, start)
      }
    }
  }

  /// Those that are in the space, without the baseline and repeats.
  private static func allowed(
    _ configurations: [Configuration], _ space: SearchSpace
  ) -> [Configuration] {
    configurations.reduce(into: []) { found, configuration in
      let isAllowed = space.point(of: configuration).map(space.isAllowed) ?? false
      if isAllowed, !configuration.isBaseline, !found.contains(configuration) {
        found.append(configuration)
      }
    }
  }

  private init(_ fixed: [Configuration], start: [Configuration] = [], most: Int = .max) {
    self.fixed = Array(fixed.prefix(most))
    self.start = Array(start.prefix(most))
    count = self.fixed.count
    mostKnobs = self.fixed.map(\.values.count).max() ?? 0
    rest = .none
  }

  /// Those that need the same slow change stand together; else the order stays. Every trial is held
  /// against the baseline by itself, so the order is of no matter to what it shows.
  private static func grouped(
    _ configurations: [Configuration], _ space: SearchSpace
  ) -> [Configuration] {
    let slow = space.dimensions.filter { $0.switchSeconds > 0 }
      .sorted { $0.switchSeconds > $1.switchSeconds }.map(\.knob)
    return slow.reversed().reduce(configurations) { order, knob in
      var groups: [[Configuration]] = []
      var places: [KnobValue?: Int] = [:]
      for configuration in order {
        if let place = places[configuration[knob]] {
          groups[place].append(configuration)
        } else {
          places[configuration[knob]] = groups.count
          groups.append([configuration])
        }
      }
      return groups.flatMap(\.self)
    }
  }

  private init(oneAtATime space: SearchSpace) {
    let singles = space.dimensions.flatMap { dimension in
      dimension.values.filter { $0 != SearchSpace.untouched }
        .map { Configuration([dimension.knob: $0]) }
    }.filter { space.point(of: $0).map(space.isAllowed) ?? false }
    count = singles.count + (singles.count > 1 ? 1 : 0)
    fixed = Self.grouped(singles, space)
    start = []
    mostKnobs = space.dimensions.count
    rest = .combination(space)
  }

  private init(
    model trials: Int, _ seed: UInt64, _ space: SearchSpace, _ margin: Double,
    _ start: [Configuration]
  ) throws(SearchSpaceError) {
    guard trials <= Strategy.limit else { throw Self.tooMany(trials) }
    count = min(trials, max(0, space.count - 1))
    self.start = Array(start.prefix(count))
    fixed = self.start
    mostKnobs = space.dimensions.count
    rest = .model(ModelSearch(space, seed: seed, toll: margin / 4, allowsRepeats: false))
  }

  /// What to try next; nil at the end of the search.
  ///
  /// - Parameter observations: of everything that was tried, in that order.
  package func next(after observations: [SearchObservation]) -> Configuration? {
    let tried = observations.filter { !$0.configuration.isBaseline }
    if tried.count < fixed.count { return fixed[tried.count] }
    guard tried.count < count else { return nil }
    switch rest {
    case .none: return nil
    case .combination(let space): return Self.combination(tried, space)
    case .model(let search): return search.next(after: observations, budget: count)
    }
  }

  /// The best value of each knob that seems to help, all at once; nil if that was tried.
  private static func combination(
    _ tried: [SearchObservation], _ space: SearchSpace
  ) -> Configuration? {
    var best: [KnobName: SearchObservation] = [:]
    for observation in tried where observation.value > 0 {
      for name in observation.configuration.names
      where observation.value > best[name]?.value ?? 0 {
        best[name] = observation
      }
    }
    let together = best.values.reduce(into: Configuration()) {
      $0.values.merge($1.configuration.values) { first, _ in first }
    }
    let isNew = !tried.contains { $0.configuration == together } && !together.isBaseline
    let isAllowed = space.point(of: together).map(space.isAllowed) ?? false
    return isNew && isAllowed ? together : nil
  }

  private static func all(_ space: SearchSpace) throws(SearchSpaceError) -> [Configuration] {
    guard let points = space.points(limit: Strategy.limit + 1) else {
      throw tooMany(space.count)
    }
    let all = points.map(space.configuration(at:)).filter { !$0.isBaseline }
    guard all.count <= Strategy.limit else { throw tooMany(all.count) }
    return all
  }

  /// So many different configurations: the first steps of a Fisher-Yates shuffle, of which only the
  /// places that were touched are kept.
  private static func draw(
    _ trials: Int, of space: SearchSpace, seed: UInt64
  ) throws(SearchSpaceError) -> [Configuration] {
    let baseline = space.baselineIndex
    let count = (space.listed?.count ?? space.count) - (baseline == nil ? 0 : 1)
    guard min(trials, count) <= Strategy.limit else { throw tooMany(trials) }
    var generator = SeededGenerator(seed: seed)
    var moved: [Int: Int] = [:]
    var drawn: [Configuration] = []
    var place = 0
    while place < count, drawn.count < trials {
      let chosen = place + Int(generator.below(UInt64(count - place)))
      let number = moved[chosen] ?? chosen
      moved[chosen] = moved[place] ?? place
      place += 1
      let index = baseline.map { number >= $0 ? number + 1 : number } ?? number
      let point = space.listed?[index] ?? space.point(at: index)
      if space.isAllowed(point) { drawn.append(space.configuration(at: point)) }
    }
    return drawn
  }

  private static func tooMany(_ count: Int) -> SearchSpaceError {
    SearchSpaceError(
      "\(count) configurations would take for ever: give fewer values, "
        + "or a search of at most \(Strategy.limit) trials")
  }
}
