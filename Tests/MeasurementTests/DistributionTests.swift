import Measurement
import Testing

/// Against SciPy 1.x (`scipy.stats.norm`, `scipy.stats.t`).
@Suite struct DistributionTests {
  @Test(
    arguments: [
      (-8, 6.22096057427174e-16), (-3.5, 0.00023262907903552502), (-1, 0.15865525393145707),
      (0, 0.5), (0.5, 0.6914624612740131), (1.959963984540054, 0.975), (6, 0.9999999990134123),
    ] as [(Double, Double)])
  func normalCumulative(z: Double, expected: Double) {
    expect(NormalDistribution.cumulative(z), near: expected)
  }

  @Test(
    arguments: [
      (1e-300, -37.0470962993612), (1e-12, -7.034483825301131), (0.001, -3.090232306167813),
      (0.025, -1.9599639845400545), (0.2, -0.8416212335729142), (0.5, 0),
      (0.8, 0.8416212335729143), (0.93, 1.475791028179171), (0.975, 1.959963984540054),
      (0.9999999, 5.199337582290661),
    ] as [(Double, Double)])
  func normalQuantile(probability: Double, expected: Double) {
    expect(NormalDistribution.quantile(probability), near: expected)
  }

  @Test func normalQuantileEndsAtInfinity() {
    #expect(NormalDistribution.quantile(0) == -.infinity)
    #expect(NormalDistribution.quantile(1) == .infinity)
  }

  /// Degrees of freedom, t, P(T ≤ t), P(|T| ≥ t).
  static let student: [(Double, Double, Double, Double)] = [
    (1, 0, 0.5, 1.0), (1, 0.3, 0.5927735790777423, 0.8144528418445154),
    (1, 60, 0.9946953263673767, 0.010609347265246543),
    (1.5, 2.5, 0.915096748692652, 0.16980650261469604),
    (2, 1, 0.7886751345948129, 0.4226497308103742),
    (2, 60, 0.9998611689547027, 0.00027766209059467876),
    (3, 2.5, 0.9561466764959672, 0.08770664700806556),
    (5, 12, 0.9999645525374142, 7.089492517161522e-05),
    (10, 0.3, 0.6148396962171008, 0.7703206075657986),
    (10, 60, 0.9999999999999799, 4.0185228506884075e-14),
    (30, 1, 0.8373456922869849, 0.3253086154260302),
    (30, 12, 0.999999999999721, 5.580185415199261e-13),
    (200, 2.5, 0.9933884136791497, 0.013223172641700783),
    (200, 60, 1.0, 7.71157858405657e-130),
  ]

  @Test(arguments: student)
  func studentCumulative(degrees: Double, t: Double, cumulative: Double, twoSided: Double) {
    let distribution = StudentDistribution(degreesOfFreedom: degrees)
    expect(distribution.cumulative(t), near: cumulative)
    expect(distribution.cumulative(-t), near: 1 - cumulative, absolute: 1e-15)
    expect(distribution.twoSidedProbability(t), near: twoSided)
    expect(distribution.twoSidedProbability(-t), near: twoSided)
  }

  @Test(
    arguments: [
      (1, 0.6, 0.32491969623290634), (1, 0.8, 1.3763819204711738), (1, 0.975, 12.706204736174694),
      (1, 0.9995, 636.6192487687897), (2, 0.975, 4.302652729749462),
      (2, 0.9995, 31.599054576445365), (3, 0.8, 0.9784723123633042),
      (3, 0.975, 3.1824463052837078), (6, 0.975, 2.4469118511449786),
      (13, 0.9995, 4.22083172770718), (30, 0.6, 0.2556053649519128),
      (30, 0.975, 2.0422724563012378), (120, 0.975, 1.9799304050824402),
      (120, 0.9995, 3.373453768562533),
    ] as [(Double, Double, Double)])
  func studentQuantile(degrees: Double, probability: Double, expected: Double) {
    let distribution = StudentDistribution(degreesOfFreedom: degrees)
    expect(distribution.quantile(probability), near: expected)
    expect(distribution.quantile(1 - probability), near: -expected)
  }

  @Test func studentQuantileHasItsEnds() {
    let distribution = StudentDistribution(degreesOfFreedom: 4)
    #expect(distribution.quantile(0.5) == 0)
    #expect(distribution.quantile(0) == -.infinity)
    #expect(distribution.quantile(1) == .infinity)
    #expect(distribution.twoSidedProbability(.infinity) == 0)
  }
}

/// Whether two numbers agree to 1e-9 of the expected one.
func expect(
  _ value: Double, near expected: Double, absolute: Double = 0,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let tolerance = max(absolute, 1e-9 * abs(expected))
  #expect(
    abs(value - expected) <= tolerance, "\(value) is not \(expected)",
    sourceLocation: sourceLocation)
}
