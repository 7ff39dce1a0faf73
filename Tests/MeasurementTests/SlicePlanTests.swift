import Foundation
import Testing

@testable import Measurement

/// Where the spread comes from, and what time is best spent on.
@Suite struct SlicePlanTests {
  /// Blocks of a bench on which the truth is known.
  static func blocks(
    _ count: Int, of slices: Int, _ parts: VarianceParts, seed: UInt64, bias: Double = 0,
    wild: Double = 0
  ) -> [[Double]] {
    var noise = SeededGenerator(seed: seed)
    let rho = parts.autocorrelation
    return (0..<count).map { block in
      let level =
        parts.application.squareRoot() * noise.normal() + (block.isMultiple(of: 2) ? bias : -bias)
      var slice = noise.normal()
      return (0..<slices).map { _ in
        slice = rho * slice + (1 - rho * rho).squareRoot() * noise.normal()
        return level + parts.slice.squareRoot() * slice + (noise.unit() < wild ? -0.7 : 0)
      }
    }
  }

  /// Wild slices, even once pulled in, are like no neighbour: they take a little of the likeness.
  @Test(arguments: [(0, 0, 0.03), (0.6, 0, 0.03), (0.6, 0.02, 0.12), (0.9, 0, 0.06)])
  func partsAreFound(autocorrelation: Double, wild: Double, tolerance: Double) throws {
    let truth = VarianceParts(slice: 4e-4, autocorrelation: autocorrelation, application: 1e-4)
    let found = try (1...30).map { seed in
      try #require(
        VarianceParts(
          Self.blocks(24, of: 60, truth, seed: seed, bias: 0.05, wild: wild), sides: 2))
    }
    let slice = try #require(Series.median(found.map(\.slice)))
    let rho = try #require(Series.median(found.map(\.autocorrelation)))
    let application = try #require(Series.mean(found.map(\.application)))
    #expect(abs(slice / truth.slice - 1) < 0.15, "\(slice)")
    #expect(abs(rho - autocorrelation) < tolerance, "\(rho)")
    #expect(abs(application / truth.application - 1) < 0.3, "\(application)")
  }

  /// What the parts foretell of swap pairs is the noise of the effect.
  @Test(arguments: [
    SimulatedSweep(), SimulatedSweep(applicationNoise: 0.001, autocorrelation: 0.3, slices: 40),
  ])
  func partsOfATrialAreItsNoise(sweep: SimulatedSweep) throws {
    var (foretold, found) = (0.0, 0.0)
    for seed in 1...200 {
      let trial = sweep.trial(seed: UInt64(seed))
      let parts = try #require(VarianceParts(trial, .throughput, workload: "w"))
      let noise = try #require(sweep.effect(seed: UInt64(seed))?.noise)
      foretold += parts.variance(ofBlock: sweep.slices) / 2
      found += noise * noise
    }
    #expect((0.8...1.25).contains(foretold / found), "\(foretold / found)")
  }

  @Test func partsOfTooLittleAreUnknown() {
    #expect(VarianceParts([]) == nil)
    #expect(VarianceParts([[1, 2]]) == nil)
    #expect(VarianceParts([[1], [2]]) == nil)
    #expect(VarianceParts([[1, 2], [2, 3]], sides: 2) == nil)
    #expect(VarianceParts([[1, 2], [2, 3]]) != nil)
    #expect(VarianceParts([[1, 1], [1, 1]])?.slice == 0)
  }

  /// The variance of medians as it is foretold, and as it comes.
  @Test(arguments: [(0, 1), (0, 3), (0, 15), (0.6, 15), (0.9, 40), (0.95, 15)])
  func variancesOfBlocks(autocorrelation: Double, slices: Int) throws {
    let parts = VarianceParts(slice: 1, autocorrelation: autocorrelation, application: 0.1)
    let medians = Self.blocks(5000, of: slices, parts, seed: 11).compactMap(Series.median)
    let deviation = try #require(Series.standardDeviation(medians))
    let foretold = parts.variance(ofBlock: slices)
    #expect(abs(deviation * deviation / foretold - 1) < 0.1, "\(foretold)")
  }

  static let parts = VarianceParts(slice: 4e-4, autocorrelation: 0.3, application: 1e-4)
  static let cost = SlicePlan.Cost(slicePair: 0.08, application: 3)

  @Test func noOtherPlanIsBetter() throws {
    for seconds in [13.0, 30, 100, 250] {
      let plan = try #require(SlicePlan(Self.parts, Self.cost, within: seconds))
      #expect(plan.seconds <= seconds)
      #expect(plan.blocks.isMultiple(of: 2))
      for blocks in stride(from: 4, through: Int(seconds / 3), by: 2) {
        let student = StudentDistribution(degreesOfFreedom: Double(blocks / 2 - 1)).quantile(0.975)
        for slices in 1...Int(seconds / 0.08) {
          guard Double(blocks) * (3 + 0.08 * Double(slices)) <= seconds else { break }
          let error = (Self.parts.variance(ofBlock: slices) / Double(blocks)).squareRoot()
          #expect(student * error >= plan.reach * (1 - 1e-12))
        }
      }
    }
  }

  /// With blocks in plenty it is Kalibera and Jones' number, for medians: √(c × π/2 σₛ² ÷ σₐ²).
  @Test func inTheLongRunBlocksHaveTheirLength() throws {
    let parts = VarianceParts(slice: 4e-4, autocorrelation: 0, application: 1e-4)
    let cost = SlicePlan.Cost(slicePair: 0.1, application: 10)
    let plan = try #require(SlicePlan(parts, cost, within: 20_000, together: 1))
    #expect((21...30).contains(plan.slices), "\(plan.slices)")
  }

  @Test func dearApplicationsGetMoreSlices() throws {
    let cheap = try #require(
      SlicePlan(Self.parts, .init(slicePair: 0.08, application: 0.1), within: 300))
    let dear = try #require(
      SlicePlan(Self.parts, .init(slicePair: 0.08, application: 20), within: 300))
    #expect(cheap.slices < dear.slices)
    #expect(cheap.blocks > dear.blocks)
    #expect(cheap.reach < dear.reach)
  }

  @Test func tooLittleTimeIsNoPlan() {
    #expect(SlicePlan(Self.parts, Self.cost, within: 12.31) == nil)
    #expect(SlicePlan(Self.parts, Self.cost, within: 12.33)?.blocks == 4)
    #expect(SlicePlan(Self.parts, Self.cost, within: 12.33)?.slices == 1)
  }

  /// It shows the effect, and nothing shorter does.
  @Test(arguments: [0.01, 0.02, 0.05])
  func theTimeToSeeAnEffect(effect: Double) throws {
    let plan = try #require(SlicePlan(Self.parts, Self.cost, toSee: effect))
    #expect(plan.smallestVisible <= effect)
    let shorter = SlicePlan(Self.parts, Self.cost, within: plan.seconds * 0.97)
    #expect(shorter.map { $0.smallestVisible > effect } ?? true)
    let larger = try #require(SlicePlan(Self.parts, Self.cost, toSee: effect * 2))
    #expect(larger.seconds < plan.seconds)
  }

  @Test func withoutNoiseTheShortestPlanSeesAll() throws {
    let parts = VarianceParts(slice: 0, autocorrelation: 0, application: 0)
    let plan = try #require(SlicePlan(parts, Self.cost, toSee: 0.01))
    #expect(plan.blocks == 4)
    #expect(plan.slices == 1)
    #expect(plan.reach == 0)
  }

  /// Four out of five comparisons of the plan find the effect that it says.
  @Test func thePlanKeepsItsWord() throws {
    let plan = try #require(SlicePlan(Self.parts, Self.cost, toSee: 0.02))
    let found = (1...500).count { (seed: Int) -> Bool in
      let blocks = Self.blocks(plan.blocks, of: plan.slices, Self.parts, seed: UInt64(seed))
      let medians = blocks.compactMap(Series.median)
      let pairs: [Double] = (0..<plan.blocks / 2).map { pair in
        log(1.02) + (medians[2 * pair] + medians[2 * pair + 1]) / 2
      }
      return Verdict(Effect(logarithms: pairs), .maximise, margin: 0) == .better
    }
    #expect((370...440).contains(found), "\(found)")
  }
}
