import Foundation
import Measurement
import Testing

/// What is enough: to be equivalent, and to decide.
@Suite struct NeedTests {
  /// As many values as told, of a mean and a standard deviation.
  static func effect(_ mean: Double, noise: Double, seed: UInt64, count: Int) -> Effect? {
    var draw = SeededGenerator(seed: seed)
    return Effect(logarithms: (0..<count).map { _ in mean + noise * draw.normal() })
  }

  /// Two values with just that mean and standard deviation.
  static func exact(_ mean: Double, noise: Double) -> Effect? {
    Effect(logarithms: [mean - noise / 2.0.squareRoot(), mean + noise / 2.0.squareRoot()])
  }

  @Test func equivalenceOfOneValueIsUnknown() throws {
    #expect(Equivalence(try #require(Estimate([0.1])), within: -1...1) == nil)
  }

  @Test func equivalenceWithoutSpread() throws {
    let same = try #require(Estimate([0.5, 0.5, 0.5]))
    #expect(try #require(Equivalence(same, within: 0...1)).probability == 0)
    #expect(try #require(Equivalence(same, within: 0...0.5)).belowUpper == 1)
    #expect(try #require(Equivalence(same, within: 0...0.5)).aboveLower == 0)
  }

  @Test func boundsOfAMargin() {
    let bounds = Equivalence.bounds(margin: 0.02)
    expect(bounds.lowerBound, near: log(0.98))
    expect(bounds.upperBound, near: log(1.02))
    #expect(Equivalence.bounds(margin: 1.5).lowerBound == -.infinity)
  }

  /// A verdict and its two one-sided tests say the same.
  @Test func verdictsAreTests() throws {
    var equivalent = 0
    for seed in 0..<400 {
      var draw = SeededGenerator(seed: UInt64(seed))
      let values = (0..<6).map { _ in 0.01 * draw.normal() }
      let effect = try #require(Effect(logarithms: values))
      let estimate = try #require(Estimate(values))
      let tests = try #require(
        Equivalence(estimate, within: Equivalence.bounds(margin: 0.02)))
      let verdict = Verdict(effect, .maximise, margin: 0.02)
      #expect((verdict == .equivalent) == (tests.probability < 0.025))
      #expect(effect.isNonInferior(.maximise, margin: 0.02) == (tests.aboveLower < 0.025))
      #expect(effect.isNonInferior(.minimise, margin: 0.02) == (tests.belowUpper < 0.025))
      if verdict == .equivalent { equivalent += 1 }
    }
    #expect((50...390).contains(equivalent))
  }

  /// Of the usual tables for a paired t test at 0.05 with a power of 0.8.
  @Test(arguments: [(1, 10), (0.5, 34), (0.2, 199)])
  func pairsOfTheTables(distance: Double, expected: Int) throws {
    let effect = try #require(Self.exact(0.01 * distance, noise: 0.01))
    #expect(effect.swapPairsNeeded(margin: 0) == expected)
    #expect(effect.inverted.swapPairsNeeded(margin: 0) == expected)
  }

  @Test func noNumberWouldDo() throws {
    let none = try #require(Self.exact(0, noise: 0.01))
    #expect(none.swapPairsNeeded(margin: 0) == nil)
    #expect(none.swapPairsNeeded(margin: 0.02) != nil)
    let nearly = try #require(Self.exact(log(1.02) + 1e-9, noise: 0.01))
    #expect(nearly.swapPairsNeeded(margin: 0.02) == nil)
    let single = try #require(Effect(logarithms: [0.1]))
    #expect(single.swapPairsNeeded(margin: 0.02) == nil)
    let alike = try #require(Effect(logarithms: [0.1, 0.1]))
    #expect(alike.swapPairsNeeded(margin: 0.02) == 2)
  }

  @Test func aFamilyAndANarrowerGapNeedMore() throws {
    let effect = try #require(Self.exact(0.05, noise: 0.05))
    let alone = try #require(effect.swapPairsNeeded(margin: 0))
    #expect(try #require(effect.swapPairsNeeded(margin: 0, family: 20)) > alone)
    #expect(try #require(effect.swapPairsNeeded(margin: 0.02)) > alone)
    #expect(try #require(effect.swapPairsNeeded(margin: 0.02, family: 1)) < 100)
  }

  /// As many decide four times out of five where each look may err less.
  @Test func aSmallerChanceOfErrorNeedsMore() throws {
    let effect = try #require(Self.exact(0.05, noise: 0.02))
    let usual = try #require(effect.swapPairsNeeded(margin: 0.02))
    let needed = try #require(effect.swapPairsNeeded(margin: 0.02, alpha: 0.01))
    #expect(needed > usual)
    let found = (0..<1000).count { seed in
      var draw = SeededGenerator(seed: UInt64(seed))
      let values = (0..<needed).map { _ in 0.05 + 0.02 * draw.normal() }
      let one = Effect(logarithms: values, alpha: 0.01)
      return one?.interval.map { $0.lower > 1.02 } ?? false
    }
    #expect((750...860).contains(found), "\(found) with \(needed)")
  }

  @Test func whatIsInconclusiveNeedsMoreThanItHas() throws {
    var inconclusive = 0
    for seed in 0..<400 {
      let effect = try #require(
        Self.effect(0.02, noise: 0.02, seed: UInt64(seed), count: 5))
      guard Verdict(effect, .maximise, margin: 0.02) == .inconclusive else { continue }
      inconclusive += 1
      if let needed = effect.swapPairsNeeded(margin: 0.02) { #expect(needed > 5) }
    }
    #expect(inconclusive > 100)
  }

  /// Four out of five comparisons of that length decide as they should.
  @Test(arguments: [
    (0.05, 0.02, 0.03, Verdict.better), (-0.05, 0.02, 0.01, .worse), (0, 0.03, 0.03, .equivalent),
    (0.01, 0.03, 0.03, .equivalent), (0.03, 0.02, 0.02, .better),
  ])
  func thatManyDecide(effect: Double, margin: Double, noise: Double, expected: Verdict) throws {
    let needed = try #require(
      Self.exact(effect, noise: noise)?.swapPairsNeeded(margin: margin))
    let found = (0..<1000).count { seed in
      let one = Self.effect(effect, noise: noise, seed: UInt64(seed), count: needed)
      return Verdict(one, .maximise, margin: margin) == expected
    }
    // With three or four values, whole numbers are far apart.
    #expect((750...(needed > 6 ? 860 : 1000)).contains(found), "\(found) with \(needed)")
  }
}
