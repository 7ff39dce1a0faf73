import Measurement
import Testing

@Suite struct ThroughputSearchTests {
  /// Searches on a system to the end.
  static func searched(
    _ system: SimulatedSystem, _ goals: [SearchGoal] = SearchGoal.standard
  ) throws -> ThroughputSearch {
    var search = try ThroughputSearch(goals: goals, from: 1000, to: 1e6)
    search.run(on: system)
    return search
  }

  // MARK: Results

  @Test(arguments: [1100, 54_321, 612_345.6, 987_654], [SearchGoal.standard, SearchGoal.quick])
  func boundsLieOnEitherSideOfAKnee(capacity: Double, goals: [SearchGoal]) throws {
    let search = try Self.searched(SimulatedSystem(capacity: capacity), goals)
    #expect(search.ending == .complete)
    #expect(search.results.map(\.goal) == goals)
    for result in search.results {
      #expect(result.outcome == .regular)
      let lower = try #require(result.lowerBound)
      let upper = try #require(result.upperBound)
      // The largest load that loses no more than the goal allows; counts are whole frames.
      let edge = capacity / (1 - result.goal.lossRatio)
      #expect(lower.load <= edge + 2)
      #expect(upper.load > edge - 2)
      #expect(lower.lossRatio <= result.goal.lossRatio)
      #expect(upper.lossRatio > result.goal.lossRatio)
      #expect(try #require(result.relativeWidth) <= result.goal.relativeWidth)
      #expect(lower.highLossTrials == 0 && upper.highLossTrials == upper.trials)
      #expect(result.passedAbove == nil)
      let throughput = try #require(result.conditionalThroughput)
      #expect(throughput <= lower.load && throughput <= capacity + 2)
    }
  }

  @Test func whatNeverLosesIsIrregular() throws {
    for result in try Self.searched(SimulatedSystem()).results {
      #expect(result.outcome == .passesAtMaximum)
      #expect(result.lowerBound?.load == 1e6)
      #expect(result.upperBound == nil && result.relativeWidth == nil)
      #expect(result.conditionalThroughput == 1e6)
    }
  }

  @Test func whatLosesAtAnyLoadIsIrregular() throws {
    let lossy = SimulatedSystem(parts: [.init(from: 0, to: 1e9, low: 0.003, high: 0.003)])
    let results = try Self.searched(lossy).results
    #expect(results[0].outcome == .failsAtMinimum)
    #expect(results[0].upperBound?.load == 1000)
    #expect(results[0].lowerBound == nil && results[0].conditionalThroughput == nil)
    #expect(
      results[1].outcome == .passesAtMaximum, "0.3 % is less than the partial-drop rate allows")
  }

  /// Loads that fail below loads that pass: the bounds are below, and the rest is told.
  @Test func lossInversionIsTold() throws {
    let results: [GoalResult] = try (1...100 as ClosedRange<UInt64>).flatMap { seed in
      let one = SearchCase.random(seed: seed)
      var search = try one.search()
      search.run(on: one.system)
      return search.results
    }
    let inverted = results.filter { $0.passedAbove != nil }
    #expect(inverted.count >= 3)
    for result in inverted {
      let upper = try #require(result.upperBound)
      #expect(try #require(result.passedAbove) > upper.load)
      if let lower = result.lowerBound { #expect(lower.load < upper.load) }
    }
    #expect(results.contains { $0.outcome == .regular && $0.passedAbove == nil })
  }

  /// With an exceed ratio of a half, high-loss trials in less than half of the time do no harm.
  @Test func rareLossesAreForgivenAsTheGoalSays() throws {
    let noisy = SimulatedSystem(capacity: 400_000, noise: 0.25, burst: 0.3, seed: 3)
    var strict = SearchGoal.noDropRate
    strict.exceedRatio = 0
    let results = try Self.searched(noisy, [.noDropRate, strict]).results
    let forgiving = try #require(results[0].lowerBound)
    #expect((396_000...400_001).contains(forgiving.load))
    #expect(forgiving.highLossTrials > 0)
    #expect(try #require(results[1].upperBound).load < forgiving.load)
  }

  /// What the generator cannot make is no load that passed.
  @Test func loadsThatWereNotOfferedFail() throws {
    for result in try Self.searched(SimulatedSystem(generator: 250_000)).results {
      #expect(result.outcome == .regular)
      #expect(try #require(result.lowerBound).load < 252_000)
    }
  }

  // MARK: The course

  @Test func everyTrialIsWithinItsLimits() throws {
    for one in SearchCase.all {
      var search = try one.search()
      search.run(on: one.system)
      for (number, measured) in search.trials.enumerated() {
        let trial = measured.trial
        #expect((one.minimum...one.maximum).contains(trial.load))
        #expect((trial.purpose == .warmUp) == (number == 0 && one.warmUp > 0))
        guard case .goal(let place) = trial.purpose else { continue }
        let goal = one.goals[place]
        #expect((goal.initialTrialDuration...goal.finalTrialDuration).contains(trial.duration))
      }
      #expect(search.elapsed == search.trials.reduce(0) { $0 + $1.seconds })
    }
  }

  @Test func itStaysWithATrialUntilTold() throws {
    var search = try ThroughputSearch(from: 1000, to: 1e6, warmUp: 0.5)
    let first = try #require(search.next)
    #expect(first == search.next)
    #expect(first.load == 1e6 && first.duration == 0.5 && first.purpose == .warmUp)
    #expect(first.intended == 500_000)
    search.take(SimulatedSystem().measure(first, after: 0))
    let second = try #require(search.next)
    #expect(second.load == 1e6 && second.duration == 1 && second.purpose == .initial)
    #expect(search.results.allSatisfy { $0.outcome == .unfinished && $0.lowerBound == nil })
  }

  /// Whenever it is interrupted, the bounds are what was measured.
  @Test func resultsCanBeAskedForAtAnyTime() throws {
    let system = SimulatedSystem(capacity: 345_678, jitter: 0.05, seed: 5)
    var search = try ThroughputSearch(from: 1000, to: 1e6)
    var regular = 0
    while let trial = search.next {
      search.take(system.measure(trial, after: search.trials.count))
      for result in search.results {
        if let lower = result.lowerBound, let upper = result.upperBound {
          #expect(lower.load < upper.load)
        }
        if result.outcome == .regular { regular += 1 }
      }
    }
    #expect(search.results.allSatisfy { $0.outcome == .regular })
    #expect(regular > 2, "a goal reaches its result before the last one does")
  }

  @Test func theTimeLimitEndsIt() throws {
    let system = SimulatedSystem(capacity: 345_678)
    var search = try ThroughputSearch(from: 1000, to: 1e6, timeLimit: 20)
    search.run(on: system)
    #expect(search.ending == .timeLimit && search.next == nil)
    #expect(search.elapsed == 20)
    #expect(search.results.allSatisfy { $0.outcome == .unfinished })
  }

  /// A single trial of full length decides a load: as many trials as halvings are needed.
  @Test func theSearchOfRFC2544TakesOneLongTrialALoad() throws {
    var goal = SearchGoal.rfc2544
    goal.initialTrialDuration = 60
    goal.precedingTargets = 0
    var search = try ThroughputSearch(goals: [goal], from: 1000, to: 1e6, timeLimit: 1e4)
    search.run(on: SimulatedSystem(capacity: 500_000))
    let loads = search.trials.dropFirst().map(\.trial.load)
    #expect(Set(loads).count == loads.count)
    #expect(search.results[0].outcome == .regular)
    #expect(search.results[0].lowerBound?.seconds == 60)
  }

  // MARK: Hostile measurers

  /// Answers that make no sense: none may crash it, and it comes to an end.
  @Test(arguments: 0..<7, [0, -1, .nan, .infinity, 1e-300, 1e300] as [Double])
  func itEndsWhateverItIsTold(kind: Int, seconds: Double) throws {
    var search = try ThroughputSearch(from: 1000, to: 1e6, timeLimit: 500)
    var draw = SeededGenerator(seed: UInt64(kind))
    while let trial = search.next {
      let counts: (UInt64, UInt64, UInt64) =
        switch kind {
        case 0: (0, 0, 0)
        case 1: (.max, .max, 0)
        case 2: (trial.intended, 0, .max)
        case 3: (0, .max, .max)
        case 4: (trial.intended, trial.intended, search.trials.count % 2 == 0 ? 0 : trial.intended)
        case 5: (draw.next(), draw.next(), draw.next())
        default: (trial.intended, trial.intended, draw.below(trial.intended + 1))
        }
      search.take(
        SearchMeasurement(
          intended: counts.0, offered: counts.1, delivered: counts.2, seconds: seconds))
      try #require(search.trials.count <= 2501, "500 s of trials of at least 0.2 s")
    }
    #expect(search.ending != nil)
    for result in search.results {
      if let lower = result.lowerBound, let upper = result.upperBound {
        #expect(lower.load < upper.load)
      }
      if let throughput = result.conditionalThroughput { #expect((0...1e6).contains(throughput)) }
    }
  }

  @Test func lossRatioCountsWhatWasNotSent() {
    func ratio(_ intended: UInt64, _ offered: UInt64, _ delivered: UInt64) -> Double {
      SearchMeasurement(intended: intended, offered: offered, delivered: delivered, seconds: 1)
        .lossRatio
    }
    #expect(ratio(100, 100, 100) == 0)
    #expect(ratio(100, 100, 75) == 0.25)
    #expect(ratio(100, 80, 80) == 0.2)
    #expect(ratio(100, 80, 60) == 0.4)
    #expect(ratio(100, 101, 101) == 0, "one more than intended is no loss")
    #expect(ratio(100, 125, 100) == 0.2)
    #expect(ratio(100, 0, 0) == 1)
    #expect(ratio(0, 0, 0) == 0)
    #expect(ratio(100, 100, 110) == 0.1, "counts that do not fit are no pass")
    #expect(ratio(100, 0, .max) == 1)
  }

  // MARK: What it refuses

  @Test(
    arguments: [
      { $0.lossRatio = 1 }, { $0.lossRatio = -0.1 }, { $0.lossRatio = .nan },
      { $0.exceedRatio = 1 }, { $0.exceedRatio = .nan }, { $0.relativeWidth = 0 },
      { $0.relativeWidth = 1 }, { $0.relativeWidth = .nan }, { $0.initialTrialDuration = 0 },
      { $0.initialTrialDuration = 2 }, { $0.finalTrialDuration = .infinity },
      { $0.finalTrialDuration = 22 }, { $0.durationSum = .nan }, { $0.durationSum = .infinity },
      { $0.precedingTargets = 0 }, { $0.precedingTargets = 11 }, { $0.expansionCoefficient = 1 },
      { $0.expansionCoefficient = 17 },
    ] as [@Sendable (inout SearchGoal) -> Void])
  func goalsOutOfRangeAreRefused(change: @Sendable (inout SearchGoal) -> Void) {
    var goal = SearchGoal()
    change(&goal)
    #expect(throws: SearchError.self) {
      try ThroughputSearch(goals: [.noDropRate, goal], from: 1000, to: 1e6)
    }
  }

  @Test func limitsOutOfRangeAreRefused() {
    for (from, to) in [(0, 1e6), (1e6, 1e6), (2, 1), (.nan, 1), (1, .nan), (1, 1e13)] {
      #expect(throws: SearchError.self) { try ThroughputSearch(from: from, to: to) }
    }
    for time in [0, -1, .nan, .infinity] {
      #expect(throws: SearchError.self) { try ThroughputSearch(from: 1, to: 9, timeLimit: time) }
    }
    for time in [-1, .nan, .infinity, 1e9] {
      #expect(throws: SearchError.self) { try ThroughputSearch(from: 1, to: 9, warmUp: time) }
    }
    #expect(throws: SearchError.self) { try ThroughputSearch(goals: [], from: 1, to: 9) }
  }

  /// The narrowest range, the widest, and the finest width still make a scale.
  @Test(arguments: [(1000, 1000.001), (0.001, 1e12), (1, 1e9)], [1e-6, 0.005, 0.999_999])
  func anyRangeIsSearched(range: (Double, Double), width: Double) throws {
    var goal = SearchGoal.noDropRate
    goal.relativeWidth = width
    var search = try ThroughputSearch(
      goals: [goal], from: range.0, to: range.1, timeLimit: 1e5)
    search.run(on: SimulatedSystem(capacity: (range.0 * range.1).squareRoot()))
    #expect(search.ending == .complete)
  }
}
