import Measurement
import Testing

@testable import Optimiser

/// What strategies propose.
@Suite struct SearchPlanTests {
  private static func observed(
    _ configurations: [Configuration], _ gain: (Configuration) -> Double
  ) -> [SearchObservation] {
    configurations.map { SearchObservation(configuration: $0, value: gain($0)) }
  }

  /// Runs a plan to its end.
  private static func run(
    _ plan: SearchPlan, _ gain: (Configuration) -> Double
  ) -> [Configuration] {
    var tried: [Configuration] = []
    while let next = plan.next(after: observed(tried, gain)), tried.count < 500 {
      tried.append(next)
    }
    return tried
  }

  @Test func oneAtATimeEndsWithAllThatHelped() throws {
    let space = try SearchSpaceTests.space([
      ("a", ["default", "1", "2"]), ("b", ["default", "1"]), ("c", ["default", "1"]),
    ])
    let plan = try SearchPlan(.oneAtATime, on: space, margin: 0.02)
    let tried = Self.run(plan) { configuration in
      (configuration["a"] == .number(2) ? 0.1 : 0) + (configuration["b"] == nil ? 0 : -0.1)
        + (configuration["c"] == nil ? 0 : 0.05)
    }
    #expect(tried.map(\.description) == ["a=1", "a=2", "b=1", "c=1", "a=2 c=1"])
  }

  @Test func autoTakesTheGridWhereItIsSmall() throws {
    let space = try SearchSpaceTests.space([("a", ["default", "1"]), ("b", ["default", "1"])])
    let small = try SearchPlan(.auto(trials: 3, seed: 1), on: space, margin: 0.02)
    #expect(small.fixed.count == 3)
    let large = try SearchPlan(.auto(trials: 2, seed: 1), on: space, margin: 0.02)
    #expect(large.fixed.isEmpty && large.count == 2)
  }

  /// What is good elsewhere comes first, once, unless it is not in the space; the rest is as many as
  /// before.
  @Test(arguments: [Strategy.random(trials: 5, seed: 3), .model(trials: 5, seed: 3)])
  func aStartComesFirst(strategy: Strategy) throws {
    let space = try SearchSpaceTests.space([
      ("a", ["default", "1", "2"]), ("b", ["default", "1", "2"]),
    ])
    let two = Configuration(["a": .number(2), "b": .number(2)])
    let one = Configuration(["b": .number(1)])
    let start = [two, Configuration(["a": .number(7)]), .baseline, one, two]
    let plan = try SearchPlan(strategy, on: space, margin: 0.02, start: start)
    #expect(plan.start == [two, one])
    let tried = Self.run(plan) { _ in 0 }
    #expect(tried.count == 5 && Set(tried).count == 5)
    #expect(Array(tried.prefix(2)) == [two, one])
    let all = try SearchPlan(.grid, on: space, margin: 0.02, start: start)
    #expect(all.start.isEmpty && all.count == 8)
  }

  /// Of a space too large to be looked at as a whole, rules leave two configurations.
  @Test func whatRulesExcludeIsNeverProposed() throws {
    let knobs = (0..<15).map { KnobName(rawValue: "k\($0)") }
    let open = try SearchSpaceTests.space(knobs.map { ($0, ["default", "on"]) })
    let allowed = Configuration(["k3": KnobValue("on"), "k7": KnobValue("on")])
    let rules = knobs.flatMap { knob -> [SearchSpace.Rule] in
      switch knob {
      case "k3": []
      case "k7": [.onlyIf("k7", "k3", [KnobValue("on")])]
      default: [.forbidden([knob: KnobValue("on")])]
      }
    }
    let space = try SearchSpace(open.dimensions, rules: rules)
    #expect(space.count > ModelSearch.wholeLimit)
    let plan = try SearchPlan(.model(trials: 20, seed: 1), on: space, margin: 0.02)
    var tried = [Configuration.baseline]
    while let next = plan.next(after: Self.observed(tried) { _ in 0 }), tried.count < 20 {
      tried.append(next)
    }
    #expect(tried == [.baseline, Configuration(["k3": KnobValue("on")]), allowed])
  }

  /// Eight switches, 255 combinations, 24 trials: never the same twice, never the baseline, and
  /// the best is among them.
  @Test(arguments: [1, 2, 3] as [UInt64]) func theModelFindsTheBestInATenthOfTheGrid(
    seed: UInt64
  ) throws {
    let space = try SearchSpaceTests.space(
      (0..<8).map { (KnobName(rawValue: "k\($0)"), ["default", "on"]) })
    let plan = try SearchPlan(.model(trials: 24, seed: seed), on: space, margin: 0.02)
    let tried = Self.run(plan) { configuration in
      (configuration["k2"] == nil ? 0 : 0.2) + (configuration["k5"] == nil ? 0 : 0.1)
        - (configuration["k6"] == nil ? 0 : 0.15)
    }
    #expect(tried.count == 24)
    #expect(Set(tried).count == 24)
    #expect(!tried.contains(.baseline))
    #expect(tried.contains { $0["k2"] != nil && $0["k5"] != nil && $0["k6"] == nil })
  }

  @Test func everyValueIsSeenBeforeTheModelIsAsked() throws {
    let space = try SearchSpaceTests.space([
      ("ring", ["default", "256", "512", "1024", "2048"]), ("qdisc", ["default", "fq", "pfifo"]),
      ("tso", ["default", "off"]),
    ])
    let plan = try SearchPlan(.model(trials: 18, seed: 1), on: space, margin: 0.02)
    let first = Self.run(plan) { _ in 0 }.prefix(6)
    for dimension in space.dimensions {
      let seen = Set(first.compactMap { $0[dimension.knob] })
      #expect(seen.isSuperset(of: dimension.values.filter { $0 != SearchSpace.untouched }))
    }
  }

  @Test func rulesKeepConfigurationsOut() throws {
    let dimensions = [
      SearchSpace.Dimension(knob: "a", values: [SearchSpace.untouched, .number(1), .number(2)]),
      SearchSpace.Dimension(knob: "b", values: [SearchSpace.untouched, .number(1)]),
      SearchSpace.Dimension(knob: "c", values: [SearchSpace.untouched, .number(1)]),
    ]
    let space = try SearchSpace(
      dimensions,
      rules: [
        .forbidden(["a": .number(2), "b": .number(1)]), .onlyIf("c", "b", [.number(1)]),
      ])
    func isSound(_ configuration: Configuration) -> Bool {
      !(configuration["a"] == .number(2) && configuration["b"] == .number(1))
        && (configuration["c"] == nil || configuration["b"] == .number(1))
    }
    let grid = try SearchPlan(.grid, on: space, margin: 0.02).fixed
    #expect(grid.count == 6 && grid.allSatisfy(isSound))
    let drawn = try SearchPlan(.random(trials: 50, seed: 1), on: space, margin: 0.02).fixed
    #expect(Set(drawn) == Set(grid))
    let model = try SearchPlan(.model(trials: 11, seed: 1), on: space, margin: 0.02)
    let asked = Self.run(model) { _ in 0 }
    #expect(Set(asked) == Set(grid))
    #expect(throws: SearchSpaceError.self) {
      try SearchSpace(dimensions, rules: [.onlyIf("c", "z", [.number(1)])])
    }
  }

  /// Slow changes are made once for all trials that need them.
  @Test func whatIsSlowToSwitchIsSwitchedSeldom() throws {
    let space = try SearchSpaceTests.space(
      [("a", ["default", "1", "2"]), ("mtu", ["default", "9000"]), ("b", ["default", "1"])],
      switchSeconds: ["mtu": 1])
    let grid = try SearchPlan(.grid, on: space, margin: 0.02).fixed
    #expect(zip(grid, grid.dropFirst()).count { $0["mtu"] != $1["mtu"] } == 1)
    let origin = try #require(space.point(of: .baseline))
    #expect(space.switchSeconds(from: Configuration(["mtu": .number(9000)]), to: origin) == 1)
    #expect(space.switchSeconds(from: Configuration(["a": .number(1)]), to: origin) == 0)
  }
}
