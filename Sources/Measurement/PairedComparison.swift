import Foundation

/// How a trial's candidate compares with its reference in one metric.
///
/// From slices to an effect:
/// 1. A pair gives d = ln(candidate ÷ reference): what both samples had in common, drift and
///    neighbours, is gone.
/// 2. A block gives the median of its d. Slices of one block are not independent: the settings were
///    applied once, so a thousand of them still say little about the next application.
/// 3. Blocks 2k and 2k+1 hold the candidate on opposite twins. Their mean u_k, a *swap pair*, is
///    free of what sets the twins apart. Several workloads give the mean of theirs.
/// 4. The u_k are independent, each from its own application of the settings: they are what the
///    ``Effect`` is estimated from, and their count is its n.
package struct PairedComparison: Hashable, Sendable {
  /// The logarithm of the largest ratio that is told from infinity, 10⁹. A metric that falls to
  /// zero on one side counts as this.
  package static let mostLogarithm = 9 * M_LN10

  /// What stands for a block.
  package enum Summary: Sendable {
    /// The median of its d: a neighbour's burst in some of its slices is no effect.
    case median
    /// The ratio of the means of both sides: what a stall in some of its slices takes away is in it.
    case means
  }

  /// u_k by k, of the swap pairs that are whole.
  package let swapPairs: [Int: Double]

  /// Of one workload.
  package init(
    _ trial: TrialEvidence, _ metric: Metric, workload: String, by summary: Summary = .median
  ) {
    var effects: [Int: Double] = [:]
    for block in trial.soundBlocks(of: workload) {
      effects[block.number] =
        switch summary {
        case .median: Series.median(Self.logarithms(of: block, metric))
        case .means: Self.logarithmOfMeans(of: block, metric)
        }
    }
    var pairs: [Int: Double] = [:]
    for (number, even) in effects where number.isMultiple(of: 2) {
      if let odd = effects[number + 1] { pairs[number / 2] = (even + odd) / 2 }
    }
    swapPairs = pairs
  }

  /// Over several workloads: only swap pairs that every one of them has, so that no workload is
  /// left out of the mean by failing.
  package init(_ trial: TrialEvidence, _ metric: Metric, workloads: [String]) {
    let each = workloads.map { PairedComparison(trial, metric, workload: $0).swapPairs }
    var pairs: [Int: Double] = [:]
    for number in each.first?.keys.sorted() ?? [] {
      let values = each.compactMap { $0[number] }
      if values.count == each.count { pairs[number] = Series.mean(values) }
    }
    swapPairs = pairs
  }

  /// Nil without a whole swap pair.
  package var effect: Effect? { effect(alpha: Estimate.alpha) }

  /// The same with an interval of another confidence, 1 − `alpha`.
  package func effect(alpha: Double) -> Effect? {
    Effect(logarithms: swapPairs.sorted { $0.key < $1.key }.map(\.value), alpha: alpha)
  }

  /// ln(candidate ÷ reference) of the block's valid pairs that have the metric, in their order;
  /// at most ±``mostLogarithm``, also where one side is zero; left out where both are.
  package static func logarithms(of block: Block, _ metric: Metric) -> [Double] {
    values(of: block, metric).compactMap(logarithm)
  }

  /// ln(mean of the candidate ÷ mean of the reference), of the same pairs; nil where both are zero.
  private static func logarithmOfMeans(of block: Block, _ metric: Metric) -> Double? {
    let values = values(of: block, metric)
    return logarithm(
      values.reduce(into: (reference: 0.0, candidate: 0.0)) {
        $0.reference += $1.reference
        $0.candidate += $1.candidate
      })
  }

  private typealias Values = (reference: Double, candidate: Double)

  private static func values(of block: Block, _ metric: Metric) -> [Values] {
    block.pairs.compactMap { pair in
      guard pair.isValid, let reference = pair.reference.metrics[metric],
        let candidate = pair.candidate.metrics[metric], reference >= 0, candidate >= 0
      else { return nil }
      return (reference, candidate)
    }
  }

  private static func logarithm(_ values: Values) -> Double? {
    guard values.reference > 0 || values.candidate > 0 else { return nil }
    return max(
      -mostLogarithm, min(mostLogarithm, log(values.candidate) - log(values.reference)))
  }

  /// The lag-1 autocorrelation of the slices within a block, as the mean over a trial's blocks; nil
  /// where the blocks are too short to say.
  package static func autocorrelation(_ trial: TrialEvidence, _ metric: Metric) -> Double? {
    Series.mean(
      trial.blocks.compactMap { block in
        Series.autocorrelation(logarithms(of: block, metric))
      })
  }
}
