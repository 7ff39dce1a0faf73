import Foundation

/// Where the spread of a comparison comes from: slices, or applications of the settings.
///
/// A one-way model with random effects: the logarithm of slice i of block b is the true one, plus
/// what the application of b brought, plus the slice's own, which resembles its neighbour's (a
/// first-order autoregression). Longer blocks wear down the last part only.
package struct VarianceParts: Hashable, Sendable, Codable {
  /// The variance of slices about what their block is at, wild ones aside.
  package let slice: Double
  /// The lag-1 autocorrelation of neighbouring slices, 0…0.99; below 0 counts as 0.
  package let autocorrelation: Double
  /// The variance between applications of the same settings.
  package let application: Double

  package init(slice: Double, autocorrelation: Double, application: Double) {
    precondition(slice >= 0 && application >= 0, "a variance is not below 0")
    self.slice = slice
    self.autocorrelation = min(0.99, max(0, autocorrelation))
    self.application = application
  }

  /// Estimated from blocks, by equating what was found of the slices' and of the blocks' variance
  /// with what is to be expected.
  ///
  /// - Parameters:
  ///   - blocks: ln(candidate ÷ reference) of the slices of each block, in their order.
  ///   - sides: blocks b and b + `sides` are alike; others may lie apart by a constant. 2 where the
  ///     candidate changes twins from block to block.
  /// - Returns: nil without two blocks of one side, or without two slices of one block.
  package init?(_ blocks: [[Double]], sides: Int = 1) {
    precondition(sides > 0, "every block is on a side")
    let tame = Self.tamed(blocks)
    let autocorrelation = Self.autocorrelation(tame)
    guard let slice = Self.sliceVariance(tame, autocorrelation) else { return nil }
    var squares = 0.0
    var freedom = 0
    for side in 0..<sides {
      let values = stride(from: side, to: blocks.count, by: sides).compactMap {
        Series.median(blocks[$0])
      }
      guard let deviation = Series.standardDeviation(values) else { continue }
      squares += deviation * deviation * Double(values.count - 1)
      freedom += values.count - 1
    }
    let shares = blocks.filter { !$0.isEmpty }.map { Self.medianShare($0.count, autocorrelation) }
    guard freedom > 0, let share = Series.mean(shares) else { return nil }
    self.init(
      slice: slice, autocorrelation: autocorrelation,
      application: max(0, squares / Double(freedom) - slice * share))
  }

  /// Estimated from a trial's blocks of one workload, those of each twin among themselves.
  package init?(_ trial: TrialEvidence, _ metric: Metric, workload: String) {
    let blocks = trial.soundBlocks(of: workload)
    let sides = [true, false].map { isEven in
      blocks.filter { $0.number.isMultiple(of: 2) == isEven }
        .map { PairedComparison.logarithms(of: $0, metric) }
    }
    let rows = (0..<blocks.count).flatMap { place in
      sides.map { $0.indices.contains(place) ? $0[place] : [] }
    }
    self.init(rows, sides: 2)
  }

  /// The variance of the median of a block of so many slices, above 0.
  package func variance(ofBlock slices: Int) -> Double {
    application + slice * Self.medianShare(slices, autocorrelation)
  }

  /// The variance of the mean of n neighbours ÷ that of one of them.
  static func meanShare(_ count: Int, _ rho: Double) -> Double {
    let n = Double(count)
    let far = (1 + rho) / (1 - rho)
    let ends = 2 * rho * (1 - pow(rho, n)) / (n * (1 - rho) * (1 - rho))
    return (far - ends) / n
  }

  /// The variance of the median of n neighbours ÷ that of one of them.
  ///
  /// The median follows the signs of deviations, and signs of normal values with correlation ρ have
  /// (2 ÷ π) arcsin ρ: so it is the sum of the mean's over the terms of the series of arcsin, in ρ, ρ³,
  /// ρ⁵ and so on. The median of a few values, or of many that are alike, is closer to their mean.
  static func medianShare(_ count: Int, _ rho: Double) -> Double {
    let mean = meanShare(count, rho)
    let third = meanShare(count, rho * rho * rho) / 6
    let fifth = meanShare(count, pow(rho, 5)) * 3 / 40
    let others = (.pi / 2 - 1 - 1 / 6 - 3 / 40) / Double(count)
    return mean + (third + fifth + others) * (1 - mean)
  }
}

// MARK: Estimating

extension VarianceParts {
  /// Slices further than three standard deviations from their block's median, moved there: the
  /// median does not feel how wild they are, and so the variance must not.
  private static func tamed(_ blocks: [[Double]]) -> [[Double]] {
    let medians = blocks.map { Series.median($0) ?? 0 }
    let distances = zip(blocks, medians).flatMap { block, median in
      block.count < 2 ? [] : block.map { abs($0 - median) }
    }
    // Of normal values, half lie within 0.6745 standard deviations.
    let most = 3 * (Series.median(distances) ?? 0) / 0.6745
    guard most > 0 else { return blocks }
    return zip(blocks, medians).map { block, median in
      block.map { max(median - most, min(median + most, $0)) }
    }
  }

  /// Of all blocks together, freed of its bias: in n values with an unknown mean, what is found
  /// falls short by about (1 + 4ρ) ÷ n. 0 where all blocks are too short to say.
  private static func autocorrelation(_ blocks: [[Double]]) -> Double {
    let long = blocks.filter { $0.count >= 8 }
    var (lagged, total, count) = (0.0, 0.0, 0.0)
    for block in long {
      let mean = Series.mean(block) ?? 0
      let deviations = block.map { $0 - mean }
      lagged += zip(deviations, deviations.dropFirst()).reduce(0) { $0 + $1.0 * $1.1 }
      total += deviations.reduce(0) { $0 + $1 * $1 }
      count += Double(block.count)
    }
    guard total > 0 else { return 0 }
    let each = count / Double(long.count)
    return min(0.99, max(0, (lagged / total + 1 / each) / (1 - 4 / each)))
  }

  /// Pooled within blocks. A block's mean follows its slices the more, the more alike they are; what
  /// it takes away with it is given back.
  private static func sliceVariance(_ blocks: [[Double]], _ rho: Double) -> Double? {
    var (squares, expected) = (0.0, 0.0)
    for block in blocks where block.count >= 2 {
      let mean = Series.mean(block) ?? 0
      squares += block.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      expected += Double(block.count) * (1 - meanShare(block.count, rho))
    }
    return expected > 0 ? squares / expected : nil
  }
}
