import Measurement
import Testing

@testable import Sweep

/// A search on a path that refuses what is beyond its rate one way, and passes all the other way.
@Suite struct ThroughputFindingTests {
  private static let passing = 10_000.0

  private static func found(ways: Int) throws -> ThroughputFinding {
    var finding = ThroughputFinding(
      search: try ThroughputSearch(goals: SearchGoal.standard, from: 100, to: 100_000),
      isInline: true)
    while let trial = finding.search.next {
      let passed = min(trial.load, passing) + Double(ways - 1) * trial.load
      let offered = (passed * trial.duration).rounded(.up)
      let sample = Sample(
        startedAt: 0, duration: trial.duration,
        metrics: [.offered: offered, .delivered: offered, .offeredRate: passed])
      finding.take(sample, of: trial, ways: ways, seconds: trial.duration)
    }
    return finding
  }

  @Test(arguments: [1, 2]) func aRatePassesIfItPassesEachWay(ways: Int) throws {
    let finding = try Self.found(ways: ways)
    #expect(finding.results.count == 2)
    for result in finding.results {
      let passed = try #require(result.lowerBound?.load)
      let failed = try #require(result.upperBound?.load)
      // A goal lets half a per cent of all frames be lost, which are twice as many both ways.
      #expect(passed > 0.9 * Self.passing && passed < 1.02 * Self.passing, "\(result)")
      #expect(failed > passed && failed < 1.1 * Self.passing, "\(result)")
    }
  }
}
