import Foundation

/// How to spend time on slices and on applications of the settings, after Kalibera and Jones
/// (Rigorous benchmarking in reasonable time, 2013).
///
/// A block counts as the median of its slices, as in ``PairedComparison``. Slices are cheap and
/// applications dear, but what varies between applications is worn down by applying alone: with
/// costs c and variances σ², a block of about √(cₐ ÷ cₛ × σₛ² ÷ σₐ²) slices is best. With few blocks
/// Student's quantile asks for more of them, so all numbers of blocks are tried.
package struct SlicePlan: Hashable, Sendable, Codable {
  /// What time goes into, seconds.
  package struct Cost: Hashable, Sendable, Codable {
    /// A slice of either side, above 0.
    package let slicePair: Double
    /// All that a block takes besides: switching, warming up, what is thrown away.
    package let application: Double

    package init(slicePair: Double, application: Double) {
      precondition(slicePair > 0 && application >= 0, "time is not below 0")
      self.slicePair = slicePair
      self.application = application
    }

    package init(from decoder: any Decoder) throws {
      let fields = try decoder.container(keyedBy: CodingKeys.self)
      slicePair = try fields.decode(Double.self, forKey: .slicePair)
      application = try fields.decode(Double.self, forKey: .application)
      guard slicePair > 0, application >= 0 else {
        throw DecodingError.dataCorruptedError(
          forKey: .slicePair, in: fields, debugDescription: "time is not below 0")
      }
    }

    func seconds(blocks: Int, slices: Int) -> Double {
      Double(blocks) * (application + Double(slices) * slicePair)
    }
  }

  /// Pairs of slices in each block.
  package let slices: Int
  package let blocks: Int
  /// What it takes in all.
  package let seconds: Double
  /// How far the 95 % interval of the mean is expected to go to either side: 0.01 is about 1 %.
  package let reach: Double
  /// What would be told from no effect four times out of five: 0.02 is 2 %.
  package let smallestVisible: Double

  /// The plan with the shortest interval.
  ///
  /// - Parameters:
  ///   - seconds: how long it may take in all.
  ///   - together: how many blocks give one independent value: 2 where they are swap pairs.
  /// - Returns: nil if the time is too short for two values of one slice a block.
  package init?(
    _ parts: VarianceParts, _ cost: Cost, within seconds: Double, together: Int = 2
  ) {
    var best: SlicePlan?
    for values in Self.counts {
      let blocks = values * together
      let left = seconds / Double(blocks) - cost.application
      guard left >= cost.slicePair else { break }
      // What is left may hold a slice less a rounding error; no block has more than a million.
      let slices = Int(min(1e6, left / cost.slicePair + 1e-9))
      let plan = Self(parts, cost, slices: slices, values: values, together: together)
      if best.map({ plan.reach < $0.reach }) ?? true { best = plan }
    }
    guard let best else { return nil }
    self = best
  }

  /// The shortest plan with which an effect would be told from none four times out of five.
  ///
  /// - Parameters:
  ///   - effect: above 0: 0.01 is 1 %.
  ///   - together: as above.
  /// - Returns: nil if a million values would not do.
  package init?(_ parts: VarianceParts, _ cost: Cost, toSee effect: Double, together: Int = 2) {
    precondition(effect > 0, "no time is enough to see nothing")
    var best: SlicePlan?
    for values in Self.counts {
      let least = cost.seconds(blocks: values * together, slices: 1)
      if let best, least >= best.seconds { break }
      let variance = pow(log1p(effect) / Self.quantiles(values).visible, 2)
      let ofBlock = variance * Double(values * together)
      guard let slices = Self.slices(parts, blockVariance: ofBlock) else { continue }
      let plan = Self(parts, cost, slices: slices, values: values, together: together)
      if best.map({ plan.seconds < $0.seconds }) ?? true { best = plan }
    }
    guard let best else { return nil }
    self = best
  }

  private init(
    _ parts: VarianceParts, _ cost: Cost, slices: Int, values: Int, together: Int
  ) {
    self.slices = slices
    blocks = values * together
    seconds = cost.seconds(blocks: blocks, slices: slices)
    let error = (parts.variance(ofBlock: slices) / Double(blocks)).squareRoot()
    let quantiles = Self.quantiles(values)
    reach = quantiles.reach * error
    smallestVisible = expm1(quantiles.visible * error)
  }

  /// How many standard errors the interval and the smallest visible effect are.
  private static func quantiles(_ values: Int) -> (reach: Double, visible: Double) {
    let student = StudentDistribution(degreesOfFreedom: Double(values - 1))
    let reach = student.quantile(1 - Estimate.alpha / 2)
    return (reach, reach + student.quantile(Estimate.power))
  }

  /// Numbers of independent values to try: all up to 200, then by a hundredth more each.
  private static let counts: [Int] =
    Array(2...200) + Array(sequence(first: 202) { $0 < 1_000_000 ? $0 + $0 / 100 : nil })

  /// The fewest slices whose mean varies no more than that; nil if even a million vary more.
  private static func slices(_ parts: VarianceParts, blockVariance: Double) -> Int? {
    var enough = 1
    while parts.variance(ofBlock: enough) > blockVariance {
      guard enough < 1_000_000 else { return nil }
      enough *= 2
    }
    var short = enough / 2
    while short + 1 < enough {
      let middle = (short + enough) / 2
      if parts.variance(ofBlock: middle) > blockVariance { short = middle } else { enough = middle }
    }
    return enough
  }
}
