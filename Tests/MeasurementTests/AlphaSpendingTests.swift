import Foundation
import Testing

@testable import Measurement

@Suite struct AlphaSpendingTests {
  /// Of the published tables, for equally spaced looks and a two-sided 0.05. Their fourth decimal is
  /// cut off rather than rounded; an integration of ours in Python agrees to nine digits.
  @Test(arguments: [
    (AlphaSpending.Shape.obrienFleming, [4.8769, 3.3569, 2.6803, 2.2898, 2.0310]),
    (.obrienFleming, [3.7103, 2.5114, 1.9930]), (.obrienFleming, [2.9626, 1.9686]),
    (.pocock, [2.4380, 2.4268, 2.4101, 2.3966, 2.3859]), (.pocock, [2.1570, 2.2010]),
  ])
  func published(shape: AlphaSpending.Shape, expected: [Double]) {
    let fractions = expected.indices.map { Double($0 + 1) / Double(expected.count) }
    let found = AlphaSpending(shape).boundaries(at: fractions)
    for (ours, theirs) in zip(found, expected) {
      #expect(abs(ours - theirs) < 0.000_12, "\(ours) is not \(theirs)")
    }
    #expect(found.count == expected.count)
  }

  @Test(arguments: AlphaSpending.Shape.allCases)
  func oneLookIsTheOrdinaryTest(shape: AlphaSpending.Shape) {
    let spending = AlphaSpending(shape)
    expect(spending.boundaries(at: [1])[0], near: 1.959963984540054)
    #expect(spending.boundaries(at: []).isEmpty)
    #expect(spending.spent(at: 0) == 0)
    #expect(spending.spent(at: 1) == 0.05)
    #expect(spending.spent(at: 0.3) < spending.spent(at: 0.6))
  }

  @Test func aLookThatMaySpendNothingFindsNothing() {
    let found = AlphaSpending(.obrienFleming).boundaries(at: [0.001, 0.5, 1])
    #expect(found[0] == .infinity)
    expect(found[1], near: AlphaSpending(.obrienFleming).boundaries(at: [0.5, 1])[0])
  }

  /// Sums that grow by chance alone cross some boundary in 5 % of the cases, looks spaced as they
  /// come.
  @Test(arguments: AlphaSpending.Shape.allCases)
  func falseFindingsAreAsRareAsPromised(shape: AlphaSpending.Shape) {
    let fractions = [0.2, 0.25, 0.6, 1]
    let boundaries = AlphaSpending(shape).boundaries(at: fractions)
    var draw = SeededGenerator(seed: 9)
    let found = (0..<10_000).count { _ in
      var (sum, last, hasCrossed) = (0.0, 0.0, false)
      for (fraction, boundary) in zip(fractions, boundaries) {
        sum += (fraction - last).squareRoot() * draw.normal()
        last = fraction
        if abs(sum) > boundary * fraction.squareRoot() { hasCrossed = true }
      }
      return hasCrossed
    }
    #expect((430...570).contains(found), "\(found)")
  }

  @Test func integrals() {
    let points = GaussLegendre.nodes(from: -1, to: 3, width: 0.9)
    #expect(points.count == 80)
    expect(points.reduce(0) { $0 + $1.weight * exp($1.position) }, near: exp(3) - exp(-1))
    let polynomial = GaussLegendre.nodes(from: 0, to: 1, width: 1)
    expect(polynomial.reduce(0) { $0 + $1.weight * pow($1.position, 31) }, near: 1.0 / 32)
  }
}
