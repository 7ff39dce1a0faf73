import Foundation
import Measurement
import Testing

@Suite struct EffectTests {
  /// Against SciPy's `ttest_1samp` and `t.interval`.
  @Test func estimate() throws {
    let found = try #require(Estimate([0.21, -0.4, 0.35, 0.1, 0.9, 0.55, -0.05, 0.6]))
    expect(found.mean, near: 0.2825)
    expect(try #require(found.deviation), near: 0.40938106593106766)
    expect(try #require(found.probability), near: 0.09192326424254647)
    expect(try #require(found.interval).lower, near: -0.05975113603744475)
    expect(try #require(found.interval).upper, near: 0.6247511360374447)
    expect(try #require(found.smallestVisible), near: 0.4719407319565622)
  }

  @Test func oneValueKnowsNothingOfItsSpread() throws {
    let found = try #require(Estimate([0.3]))
    #expect(found.interval == nil)
    #expect(found.probability == nil)
    #expect(found.smallestVisible == nil)
    #expect(Estimate([]) == nil)
  }

  @Test func valuesWithoutSpread() throws {
    #expect(try #require(Estimate([0, 0, 0])).probability == 1)
    #expect(try #require(Estimate([0.1, 0.1])).probability == 0)
  }

  @Test func ratiosStayFinite() throws {
    let effect = try #require(Effect(logarithms: [-20, 20, 20]))
    #expect(try #require(effect.interval).upper.isFinite)
    #expect(try #require(effect.interval).lower > 0)
  }

  @Test func theOtherSide() throws {
    let effect = try #require(Effect(logarithms: [0.1, 0.2, 0.3]))
    expect(effect.ratio, near: exp(0.2))
    expect(effect.inverted.ratio, near: exp(-0.2))
    expect(try #require(effect.inverted.interval).upper, near: 1 / (effect.interval?.lower ?? 0))
    expect(effect.gain(.maximise), near: 0.2)
    expect(effect.gain(.minimise), near: -0.2)
  }

  /// Two values about a centre, so that the interval reaches `reach` to either side.
  static func effect(_ centre: Double, reach: Double) -> Effect? {
    let student = StudentDistribution(degreesOfFreedom: 1).quantile(0.975)
    return Effect(logarithms: [centre - reach / student, centre + reach / student])
  }

  @Test(arguments: [
    (0.10, 0.02, Verdict.better, Verdict.worse), (-0.10, 0.02, .worse, .better),
    (0.00, 0.01, .equivalent, .equivalent), (0.02, 0.03, .inconclusive, .inconclusive),
    (0.03, 0.005, .better, .worse), (0.03, 0.02, .inconclusive, .inconclusive),
    (0.00, 0.50, .inconclusive, .inconclusive),
  ])
  func verdicts(centre: Double, reach: Double, more: Verdict, less: Verdict) {
    let effect = Self.effect(centre, reach: reach)
    #expect(Verdict(effect, .maximise, margin: 0.02) == more)
    #expect(Verdict(effect, .minimise, margin: 0.02) == less)
  }

  @Test func aFamilyOfTestsNeedsMore() {
    let effect = Self.effect(0.1, reach: 0.02)
    #expect(Verdict(effect, .maximise, margin: 0.02, adjustedProbability: 0.2) == .inconclusive)
    #expect(Verdict(effect, .maximise, margin: 0.02, adjustedProbability: 0.04) == .better)
    #expect(Verdict(Effect(logarithms: [1]), .maximise, margin: 0) == .inconclusive)
    #expect(Verdict(nil, .maximise, margin: 0) == .inconclusive)
  }

  @Test func nonInferiority() throws {
    let effect = try #require(Self.effect(0.0, reach: 0.015))
    #expect(effect.isNonInferior(.maximise, margin: 0.02))
    #expect(!effect.isNonInferior(.maximise, margin: 0.01))
    #expect(effect.isNonInferior(.minimise, margin: 0.02))
    let single = try #require(Effect(logarithms: [5]))
    #expect(!single.isNonInferior(.maximise, margin: 0.02))
  }
}
