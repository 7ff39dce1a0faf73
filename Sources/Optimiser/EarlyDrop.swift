import Foundation
import Measurement

/// Whether a candidate of the search can go after its first swap pair: more of the same would not
/// make it a winner. Of several metrics it must surely lose in each.
///
/// A single swap pair has no spread of its own; that of the noise trial stands in for it.
struct EarlyDrop {
  let objective: Objective
  /// Default against default, of the same run.
  let noise: TrialEvidence
  /// The workloads that have each metric.
  let workloads: [Metric: Set<String>]

  /// How many standard deviations of a single swap pair leave no hope.
  private static let reach = 4.0

  /// Looks at nothing but the first swap pair, so that it says the same whatever else is on record.
  func isHopeless(_ trial: TrialEvidence) -> Bool {
    objective.aims.allSatisfy { surelyLoses($0, trial) }
      || objective.constraints.contains { surelyBreaks($0, trial) }
  }

  private func surelyLoses(_ aim: Aim, _ trial: TrialEvidence) -> Bool {
    let workloads = workloads[aim.metric, default: []].sorted()
    func comparison(_ trial: TrialEvidence) -> PairedComparison {
      PairedComparison(trial, aim.metric, workloads: workloads)
    }
    guard let first = comparison(trial).swapPairs[0],
      let deviation = Self.deviation(comparison(noise).swapPairs)
    else { return false }
    let gain = aim.goal == .maximise ? first : -first
    return gain < -max(Self.reach * deviation, smallest)
  }

  private func surelyBreaks(_ constraint: Constraint, _ trial: TrialEvidence) -> Bool {
    workloads[constraint.metric, default: []].contains { workload in
      func swapPairs(_ trial: TrialEvidence) -> [Int: Double] {
        constraint.ratio != nil
          ? PairedComparison(trial, constraint.metric, workload: workload).swapPairs
          : ConstraintCheck(constraint: constraint, trial: trial).excesses(on: workload)
      }
      guard let first = swapPairs(trial)[0],
        let deviation = Self.deviation(swapPairs(noise))
      else { return false }
      let bound = constraint.ratio.map { log($0) } ?? constraint.offset
      let excess = constraint.comparison == .atMost ? first - bound : bound - first
      // A path that loses nothing as it is found shows no spread, yet a candidate may have one.
      let least = constraint.ratio == nil ? constraint.offset / 2 : smallest
      return excess > max(Self.reach * deviation, least)
    }
  }

  private static func deviation(_ swapPairs: [Int: Double]) -> Double? {
    Series.standardDeviation(swapPairs.sorted { $0.key < $1.key }.map(\.value))
  }

  /// However quiet the noise trial was, less than what matters is no reason.
  private var smallest: Double { log1p(objective.margin) }
}
