import Measurement

/// A search on a simulated system.
struct SearchCase: Encodable, Sendable {
  var name: String
  var goals: [SearchGoal] = SearchGoal.standard
  var minimum = 1000.0
  var maximum = 1e6
  var timeLimit = 1e5
  var warmUp = 1.0
  var system = SimulatedSystem()

  func search() throws -> ThroughputSearch {
    try ThroughputSearch(
      goals: goals, from: minimum, to: maximum, timeLimit: timeLimit, warmUp: warmUp)
  }

  private enum CodingKeys: CodingKey {
    case goals, minimum, maximum, timeLimit, warmUp, system
  }

  /// Every system with some goals, every set of goals on some systems.
  static let all: [SearchCase] = {
    var cases: [SearchCase] = []
    let sets = goalSets
    for (number, (name, system)) in systems.enumerated() {
      for offset in 0..<4 {
        let set = sets[(number * 4 + offset * 3) % sets.count]
        var one = SearchCase(name: "\(name), \(set.name)", goals: set.goals, system: system)
        if number % 3 == 1 { one.warmUp = 0 }
        if number % 7 == 3 { one.timeLimit = 30 + Double(number) }
        if number % 5 == 4 { (one.minimum, one.maximum) = (90_000, 14_880_952) }
        cases.append(one)
      }
    }
    return cases
  }()

  /// Sharp, gradual, lossy everywhere, never lossy, not monotone; each without and with noise.
  private static let systems: [(String, SimulatedSystem)] = {
    typealias Part = SimulatedSystem.Part
    var systems: [(String, SimulatedSystem)] = []
    for capacity in [900, 1500, 12_345, 250_000, 612_345.6, 990_000, 999_999, 2e7] {
      systems.append(("knee at \(capacity)", SimulatedSystem(capacity: capacity)))
      systems.append(
        ("knee near \(capacity)", SimulatedSystem(capacity: capacity, jitter: 0.02, seed: 7)))
    }
    let shapes: [(String, [Part])] = [
      ("gradual", [Part(from: 100_000, to: 2e7, low: 0, high: 0.9)]),
      ("slowly gradual", [Part(from: 200_000, to: 2e7, low: 0, high: 0.1)]),
      ("0.3 % everywhere", [Part(from: 0, to: 1e9, low: 0.003, high: 0.003)]),
      ("2 % everywhere", [Part(from: 0, to: 1e9, low: 0.02, high: 0.02)]),
      ("all lost", [Part(from: 0, to: 1e9, low: 1, high: 1)]),
      ("cliff", [Part(from: 333_333, to: 1e9, low: 1, high: 1)]),
      ("hole", [Part(from: 120_000, to: 180_000, low: 0.04, high: 0.02)]),
      (
        "two holes",
        [
          Part(from: 95_000, to: 110_000, low: 0.002, high: 0.004),
          Part(from: 400_000, to: 450_000, low: 0.3, high: 0.1),
        ]
      ),
      ("worse when idle", [Part(from: 0, to: 200_000, low: 0.03, high: 0)]),
      (
        "stairs",
        (1...9).map {
          Part(
            from: 1e5 * Double($0), to: 1e5 * Double($0 + 1), low: 0.001 * Double($0),
            high: 0.001 * Double($0))
        }
      ),
    ]
    for (name, parts) in shapes {
      systems.append((name, SimulatedSystem(parts: parts)))
      let capped = SimulatedSystem(capacity: 700_000, parts: parts, overhead: 0.5)
      systems.append(("\(name), capped", capped))
    }
    for seed in 1...24 as ClosedRange<UInt64> {
      let noise = [0.02, 0.1, 0.3, 0.45, 0.55, 0.9][Int(seed % 6)]
      let burst = [0.001, 0.02, 0.3, 1][Int(seed % 4)]
      let system = SimulatedSystem(
        capacity: 50_000 * Double(seed), jitter: [0, 0.01, 0.2][Int(seed % 3)],
        parts: shapes[Int(seed) % shapes.count].1, noise: noise, burst: burst,
        generator: seed % 5 == 0 ? 500_000 : 1e15, overhead: seed % 2 == 0 ? 0.1 : 0, seed: seed)
      systems.append(("noise \(seed)", system))
    }
    return systems
  }()

  private static let goalSets: [(name: String, goals: [SearchGoal])] = {
    func goal(_ change: (inout SearchGoal) -> Void) -> SearchGoal {
      var goal = SearchGoal()
      change(&goal)
      return goal
    }
    let single = goal {
      $0.exceedRatio = 0
      ($0.initialTrialDuration, $0.finalTrialDuration, $0.durationSum) = (60, 60, 60)
      $0.precedingTargets = 0
    }
    let coarse = goal {
      ($0.lossRatio, $0.relativeWidth, $0.expansionCoefficient) = (0.1, 0.3, 4)
      $0.durationSum = 3
    }
    let fine = goal {
      ($0.lossRatio, $0.relativeWidth, $0.precedingTargets) = (0.001, 0.0007, 5)
      $0.durationSum = 5
    }
    let strict = goal {
      ($0.lossRatio, $0.exceedRatio) = (0.01, 0)
      ($0.finalTrialDuration, $0.durationSum, $0.precedingTargets) = (10, 10, 3)
    }
    let lenient = goal {
      ($0.lossRatio, $0.exceedRatio, $0.relativeWidth) = (0, 0.9, 0.05)
      ($0.initialTrialDuration, $0.finalTrialDuration, $0.durationSum) = (0.5, 2, 20)
    }
    let one = goal {
      ($0.durationSum, $0.precedingTargets, $0.relativeWidth) = (1, 1, 0.01)
    }
    return [
      ("NDR and PDR", SearchGoal.standard), ("quick", SearchGoal.quick),
      ("PDR and NDR", SearchGoal.standard.reversed()), ("RFC 2544", [.rfc2544]),
      ("one long trial", [single]), ("coarse", [coarse]), ("fine", [fine]), ("strict", [strict]),
      ("lenient", [lenient]), ("one short trial", [one]), ("NDR", [.noDropRate]),
      ("four goals", [.noDropRate, strict, coarse, lenient]), ("fine and coarse", [fine, coarse]),
    ]
  }()
}

extension SearchGoal: Encodable {
  private enum CodingKeys: String, CodingKey {
    case lossRatio = "loss_ratio"
    case exceedRatio = "exceed_ratio"
    case relativeWidth = "relative_width"
    case initialTrialDuration = "initial_trial_duration"
    case finalTrialDuration = "final_trial_duration"
    case durationSum = "duration_sum"
    case precedingTargets = "preceding_targets"
    case expansionCoefficient = "expansion_coefficient"
  }

  package func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(lossRatio, forKey: .lossRatio)
    try values.encode(exceedRatio, forKey: .exceedRatio)
    try values.encode(relativeWidth, forKey: .relativeWidth)
    try values.encode(initialTrialDuration, forKey: .initialTrialDuration)
    try values.encode(finalTrialDuration, forKey: .finalTrialDuration)
    try values.encode(durationSum, forKey: .durationSum)
    try values.encode(precedingTargets, forKey: .precedingTargets)
    try values.encode(expansionCoefficient, forKey: .expansionCoefficient)
  }
}
