import Measurement
import Optimiser
import Testing

/// A throughput that may be the generator's own proves nothing.
@Suite struct GeneratorDoubtTests {
  private static func recommend(headroom: [Configuration: Double]) throws -> Recommendation {
    var bench = CampaignTests.bench()
    bench.effects = [nine: 0.3]
    bench.headroom = headroom
    return try RecommendationTests.recommend(bench)
  }

  @Test func withHeadroomTheVerdictStands() throws {
    let found = try Self.recommend(headroom: [.baseline: 2.5])
    #expect(found.configuration == nine)
    #expect((found.search + found.checks).allSatisfy { $0.doubt == nil })
  }

  /// What is said of several parts of a configuration adds up.
  @Test func aBetterSideAtTheGeneratorsLimitIsInconclusive() throws {
    let found = try Self.recommend(headroom: [.baseline: 2.5, nine: -1.3])
    #expect(found.decision == .changeNothing)
    let trial = try #require(found.search.first { $0.configuration == nine })
    #expect(trial.verdict == .inconclusive)
    #expect(trial.doubt == Headroom.reason)
    #expect(try #require(trial.effect?.ratio) > 1.2)
  }

  @Test func twoSidesAtTheLimitMayDifferUnseen() throws {
    let found = try Self.recommend(headroom: [.baseline: 1.1])
    let verdicts = Set((found.search + found.checks).map(\.verdict))
    #expect(verdicts == [.inconclusive])
    #expect(found.decision == .changeNothing)
  }

  @Test func whereNobodyCalibratedNobodyDoubts() throws {
    let found = try Self.recommend(headroom: [:])
    #expect(found.configuration == nine)
  }

  @Test func aSearchMayAskToo() {
    #expect(Headroom.objection(calibrated: nil, found: 1e6) == nil)
    #expect(Headroom.objection(calibrated: 1.31e6, found: 1e6) == nil)
    #expect(Headroom.objection(calibrated: 1.29e6, found: 1e6) == Headroom.reason)
    #expect(Headroom.objection(calibrated: 1e6, found: 0) == nil)
  }
}
