import Foundation
import Measurement
import Testing

@testable import Optimiser

/// Which points stand for others, before a front is made of them.
@Suite struct StandingTests {
  private static let margin = log(1.02)

  /// A point that was measured by three swap pairs, whose mean has that standard error in every
  /// metric.
  private static func point(
    _ configuration: Configuration, _ trial: Int, _ mean: [Double], error: Double = 0.001
  ) -> Standing {
    let spread = error * 3.0.squareRoot()
    return Standing(configuration, trial, [-spread, 0, spread].map { by in mean.map { $0 + by } })
  }

  private static func gathered(_ microseconds: Int) -> Configuration {
    ParetoTests.gathered(microseconds)
  }

  private static func distinct(_ points: [Standing]) -> [Int?] {
    Front.distinct(points, margin: margin, countsNoise: true).map(\.trial)
  }

  private static func validated(_ points: [Standing]) throws -> [Configuration] {
    let objective = try Objective(parsing: ParetoTests.objective)
    return Procedure(objective: objective, plan: nil).pointsToValidate(points)
  }

  @Test func theErrorIsThatOfTheMean() {
    let point = Self.point(Self.gathered(10), 1, [0.1, 0.2], error: 0.03)
    #expect(point.errors.allSatisfy { abs($0 - 0.03) < 1e-12 })
    #expect(Standing.ofDefault(aims: 2).errors == [0, 0])
  }

  /// One that cannot hold still says nothing of those that can.
  @Test func anUnstablePointSwallowsNoOther() throws {
    let stable = [
      Self.point(Self.gathered(10), 2, [0.1, -0.03]),
      Self.point(Self.gathered(50), 3, [0.4, -0.08]),
      Self.point(Self.gathered(200), 4, [0.5, -0.6]),
    ]
    let unstable = Self.point(Self.gathered(5), 1, [0.05, -0.5], error: 2)
    #expect(Self.distinct([unstable] + stable) == [1, 2, 3, 4])
    let validated = try Self.validated([unstable] + stable)
    #expect(Set(validated).isSuperset(of: stable.map(\.configuration)))
  }

  /// Noise explains why the simple one is better, and not why it is worse.
  @Test func aSimplerPointStandsForNoneThatIsBetter() {
    let both = Configuration([ParetoTests.coalescing: .number(10), "qdisc": .word("fq")])
    let simple = Self.point(Self.gathered(10), 2, [0.1, 0.1], error: 0.04)
    let alike = Self.point(both, 1, [0.09, 0.11], error: 0.04)
    #expect(Self.distinct([simple, alike]) == [2])
    let worse = Self.point(both, 1, [0.06, 0.11], error: 0.04)
    #expect(Self.distinct([simple, worse]) == [2])
    let better = Self.point(both, 1, [0.09, 0.13], error: 0.04)
    #expect(Self.distinct([simple, better]) == [2, 1])
    // By more than the noise of just these two explains.
    let far = Self.point(both, 1, [0.03, 0.11], error: 0.04)
    #expect(Self.distinct([simple, far]) == [2, 1])
  }

  /// What is no better than the default goes, and takes nothing with it.
  @Test func whatDoesNothingHidesNothing() throws {
    let nothing = Self.point(Self.gathered(10), 1, [0.015, 0.015])
    let small = Self.point(Self.gathered(50), 2, [0.03, 0.03])
    #expect(try Self.validated([nothing, small]) == [small.configuration])
  }
}
