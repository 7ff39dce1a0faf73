import Measurement
import Optimiser
import Testing

/// Settings that are better whenever they let traffic through, which is not always.
@Suite struct ReliabilityTests {
  private static let good = Configuration(["mtu": .number(9000)])

  private static func sweep(
    objective: String = CampaignTests.objective, _ prepare: (inout ScriptedBench) -> Void
  ) throws -> Recommendation {
    var bench = ScriptedBench(objective: objective, effects: [good: 0.2])
    prepare(&bench)
    let space = try SearchSpace([
      SearchSpace.Dimension(knob: "mtu", values: [SearchSpace.untouched, .number(9000)])
    ])
    let campaign = try Campaign(
      space: space, strategy: .grid, objective: Objective(parsing: objective), workloads: ["w"])
    _ = try bench.run(campaign)
    return try #require(try bench.recommendation())
  }

  @Test func whatAlwaysWorksIsRecommended() throws {
    let found = try Self.sweep { _ in }
    #expect(found.configuration == Self.good)
    #expect(found.search.allSatisfy { $0.unreliable == nil })
  }

  /// One window of three fails, and the others are better.
  @Test func whatFailsNowAndThenIsNotRecommended() throws {
    let found = try Self.sweep { $0.failing = [Self.good: 1] }
    #expect(found.decision == .changeNothing)
    let tried = try #require(found.search.first)
    #expect(tried.outcome == .measured && tried.effect.map { $0.ratio > 1.1 } == true)
    #expect(
      tried.unreliable == "windows failed in 6 of 6 blocks, where those beside them did not")
  }

  /// Two windows of three are better, and in one next to nothing arrives: less in all.
  @Test func whatStallsNowAndThenIsNotRecommended() throws {
    let found = try Self.sweep { $0.stalling = [Self.good: 1] }
    #expect(found.decision == .changeNothing)
    let tried = try #require(found.search.first)
    #expect(tried.effect.map { $0.ratio > 1.1 } == true)
    #expect(
      tried.unreliable
        == "throughput_bps on w is worse in the mean of all windows than in the usual one")
  }

  /// Were it told as unreliable, it would be hard to see that it is simply worse.
  @Test func whatIsAlwaysWorseIsNoStall() throws {
    let found = try Self.sweep { $0.stalling = [Self.good: 3] }
    let tried = try #require(found.search.first)
    #expect(tried.verdict == .worse && tried.unreliable == nil)
  }

  @Test func aBenchThatStallsOnBothSidesSpeaksAgainstNobody() throws {
    let found = try Self.sweep { $0.stalling = [.baseline: 1] }
    #expect(found.configuration == Self.good)
  }

  @Test func aBenchThatFailsOnBothSidesSpeaksAgainstNobody() throws {
    let found = try Self.sweep { $0.failing = [.baseline: 1] }
    #expect(found.configuration == Self.good)
  }

  @Test func whatFailsOnTheOtherSideOnlyIsNoObjection() throws {
    let found = try Self.sweep { $0.failing = [.baseline: 1, Self.good: -1] }
    #expect(found.configuration == Self.good)
  }

  /// It breaks down after longer than a search takes.
  @Test func whatBreaksTrafficIsNotRecommended() throws {
    let found = try Self.sweep { $0.breaking = [Self.good: [10, 11, 12, 13]] }
    #expect(found.decision == .changeNothing)
    let validation = try #require(found.checks.last)
    #expect(validation.role == "validate" && validation.effect.map { $0.ratio > 1.1 } == true)
    let objection = try #require(validation.unreliable)
    #expect(objection == "in 4 of 18 blocks nothing could be measured")
    #expect(found.reason.contains("is not to be relied on: \(objection)"))
  }

  @Test func aSingleBreakdownIsForgiven() throws {
    let found = try Self.sweep { $0.breaking = [Self.good: [3]] }
    #expect(found.configuration == Self.good)
  }
}
