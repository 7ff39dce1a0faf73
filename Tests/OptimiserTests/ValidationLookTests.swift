import Measurement
import Testing

@testable import Optimiser

/// A validation that leaves it open is looked at once more, and both looks together keep their word.
@Suite struct ValidationLookTests {
  /// Nothing to be found: at 5 %, 200 of 4,000 with a standard deviation of 14.
  @Test func bothLooksTogetherErrInFivePercent() {
    var random = SeededGenerator(seed: 11)
    var (once, unguarded) = (0, 0)
    for _ in 0..<4000 {
      let values = (0..<12).map { _ in 0.02 * random.normal() }
      func isFound(_ count: Int, _ alpha: Double) -> Bool {
        let effect = Effect(logarithms: Array(values.prefix(count)), alpha: alpha)
        return effect?.interval.map { $0.lower > 1 || $0.upper < 1 } ?? false
      }
      if isFound(6, ValidationLooks.alpha) || isFound(12, ValidationLooks.alpha) { once += 1 }
      if isFound(6, Estimate.alpha) || isFound(12, Estimate.alpha) { unguarded += 1 }
    }
    #expect((150...230).contains(once), "\(once)")
    #expect(unguarded > 260, "\(unguarded)")
  }

  /// The effect is a little more than what matters, so that six swap pairs are often too few.
  private func bench(_ seed: UInt64) -> ScriptedBench {
    var bench = CampaignTests.bench(seed)
    bench.effects = [nine: 0.03]
    return bench
  }

  @Test func whatIsOpenIsMeasuredOnceMore() throws {
    var looks: [Int: Int] = [:]
    for seed in 1...12 as ClosedRange<UInt64> {
      var bench = bench(seed)
      let requests = try bench.run(try CampaignTests.campaign())
      let found = try #require(try bench.recommendation())
      for check in found.checks where check.role == Role.validate.rawValue {
        let pairs = try #require(check.effect?.swapPairs)
        looks[pairs, default: 0] += 1
        let blocks = requests.filter { $0.trial == check.trial }.map(\.blocks)
        #expect(blocks == (pairs == 6 ? [12] : [12, 24]))
      }
    }
    #expect(looks.keys.sorted() == [6, 12], "\(looks)")
  }

  /// The first look is the same whatever is on record behind it.
  @Test func aSweepThatIsGoneOnWithAsksTheSame() throws {
    for seed in 1...6 as ClosedRange<UInt64> {
      var whole = bench(seed)
      let requests = try whole.run(try CampaignTests.campaign())
      let campaign = try CampaignTests.campaign()
      for request in requests where request.role == .validate {
        let earlier = whole.records.filter { $0.trial < request.trial }
        #expect(try campaign.next(after: earlier)?.trial == request.trial)
        let half = whole.records.filter {
          $0.trial < request.trial || $0.trial == request.trial && $0.block < 12
        }
        let next = try campaign.next(after: half)
        let isOpen = requests.contains { $0.trial == request.trial && $0.blocks == 24 }
        #expect((next?.trial == request.trial) == isOpen)
      }
    }
  }

  /// Also where there is but one to validate: p of a look is not p of a single test.
  @Test func everyValidationHasTheProbabilityThatCounts() throws {
    let found = try ReasonTests.recommend(0.035)
    #expect(found.checks.map(\.role) == [Role.validate.rawValue])
    let raw = try #require(found.effect?.effect?.probability)
    #expect(found.effect?.adjustedProbability == ValidationLooks.adjusted(raw))
    #expect(ValidationLooks.adjusted(raw) > raw)
  }
}
