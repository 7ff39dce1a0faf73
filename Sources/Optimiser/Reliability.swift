import Foundation
import Measurement

/// Whether traffic gets through with a configuration as often as with the one that it is held
/// against.
///
/// Effects rest on the windows that count, and a window in which nothing arrived does not; of those
/// that do, the usual one stands for a block. A configuration that fails or stalls now and then
/// would be judged by the moments in which it did not.
struct Reliability {
  /// What its stalls take away; nil if nothing does.
  private let stall: String?
  /// All blocks of the trial.
  private let blocks: Int
  /// In which nothing could be measured: settings were refused, or traffic broke down.
  private let broken: Int
  /// In which more windows of the candidate failed than of the reference, and the other way round.
  private let worse: Int
  private let better: Int

  /// Blocks that may break down in a trial, and their share: a bench may do so by itself.
  private static let mostBroken = 2
  private static let mostBrokenShare = 1.0 / 8

  /// - Parameter workloads: those that have the metric of an aim.
  init(_ trial: TrialEvidence, _ objective: Objective, workloads: (Metric) -> [String]) {
    let places = objective.aims.flatMap { aim in workloads(aim.metric).map { (aim, $0) } }
    stall = places.first { Self.stalls(trial, $0, objective.margin, on: $1) }.map {
      "\($0.metric.name) on \($1) is worse in the mean of all windows than in the usual one"
    }
    blocks = trial.blocks.count
    broken = trial.blocks.count(where: \.isBroken)
    let surplus = trial.blocks.map { block in
      block.pairs.count { $0.reference.isValid && !$0.candidate.isValid }
        - block.pairs.count { $0.candidate.isValid && !$0.reference.isValid }
    }
    worse = surplus.count { $0 > 0 }
    better = surplus.count { $0 < 0 }
  }

  /// Why the candidate is not to be relied on; nil if nothing speaks against it.
  var objection: String? {
    if broken > Self.mostBroken, Double(broken) > Self.mostBrokenShare * Double(blocks) {
      return "in \(broken) of \(blocks) blocks nothing could be measured"
    }
    if signProbability < Estimate.alpha / 2 {
      return "windows failed in \(worse) of \(blocks) blocks, where those beside them did not"
    }
    return stall
  }

  /// Whether all windows together are surely worse than the reference's, and surely worse than the
  /// usual one: an effect is that of the usual window, so that traffic could stand still in many of
  /// the others.
  private static func stalls(
    _ trial: TrialEvidence, _ aim: Aim, _ margin: Double, on workload: String
  ) -> Bool {
    func swapPairs(_ summary: PairedComparison.Summary) -> [Int: Double] {
      PairedComparison(trial, aim.metric, workload: workload, by: summary).swapPairs
    }
    func isWorse(_ logarithms: [Int: Double]) -> Bool {
      let effect = Effect(logarithms: logarithms.sorted { $0.key < $1.key }.map(\.value))
      return Verdict(effect, aim.goal, margin: margin) == .worse
    }
    let means = swapPairs(.means)
    return isWorse(means) && isWorse(means.merging(swapPairs(.median)) { $0 - $1 })
  }

  /// The chance that so many of the blocks that differ are the candidate's, if either side is as
  /// likely (sign test; blocks and not windows, since those of one block are not independent).
  private var signProbability: Double {
    let count = worse + better
    guard count > 0 else { return 1 }
    func logFactorial(_ number: Int) -> Double { lgamma(Double(number) + 1) }
    return (worse...count).reduce(0) { sum, number in
      let ways = logFactorial(count) - logFactorial(number) - logFactorial(count - number)
      return sum + exp(ways - Double(count) * M_LN2)
    }
  }
}

extension Block {
  /// Whether no sample tells anything, valid or not.
  fileprivate var isBroken: Bool {
    !pairs.isEmpty
      && pairs.allSatisfy { $0.reference.metrics.isEmpty && $0.candidate.metrics.isEmpty }
  }
}
