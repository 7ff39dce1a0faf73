import Optimiser
import Testing

@testable import Measurement

/// Blocks in which something else went on are measured once more.
@Suite struct TaintedBlockTests {
  /// Trial 2 is of the search, with three swap pairs.
  private func sweep(tainted: Set<Int>) throws -> (TrialFinding, Recommendation, ScriptedBench) {
    var bench = CampaignTests.bench()
    bench.tainted = [2: tainted]
    try bench.sweep(try CampaignTests.campaign())
    let found = try #require(try bench.recommendation())
    return (try #require(found.search.first { $0.trial == 2 }), found, bench)
  }

  private func blocks(_ bench: ScriptedBench) -> Int {
    Set(bench.records.filter { $0.trial == 2 }.map(\.block)).count
  }

  @Test func aSwapPairMoreIsMeasured() throws {
    let (sound, clean, _) = try sweep(tainted: [])
    let (finding, found, bench) = try sweep(tainted: [3])
    #expect(blocks(bench) == 8)
    #expect(finding.effect?.swapPairs == 3 && sound.effect?.swapPairs == 3)
    #expect(finding.invalidPairs == 4)
    let ratio = try #require(finding.effect?.ratio)
    #expect(abs(ratio - (sound.effect?.ratio ?? 0)) < 0.02)
    #expect(found.configuration == clean.configuration)
  }

  @Test func itHasAnEnd() throws {
    let (finding, _, bench) = try sweep(tainted: Set(2..<100))
    #expect(blocks(bench) == 10)
    #expect(finding.outcome == .measured && finding.effect?.swapPairs == 1)
    #expect(finding.verdict == .inconclusive)
  }

  /// Of twelve samples of a block, valid or not.
  @Test(arguments: [(0, true), (5, true), (6, false), (12, false)])
  func fewerThanHalfIsTooFew(valid: Int, expected: Bool) {
    let pairs = (0..<12).map { index in
      let sample = Sample(
        startedAt: 0, duration: 1, metrics: [:], invalidReason: index < valid ? nil : "steal")
      return SamplePair(reference: sample, candidate: sample)
    }
    let block = Block(workload: "w", number: 0, pairs: pairs, isComplete: true)
    #expect(block.isTainted == expected)
  }
}
