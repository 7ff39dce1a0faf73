import Foundation

/// When a validation is looked at: after what is planned for it, and if that leaves it open, once
/// more after as much again. Whoever looks twice errs more often, so each look may err less.
package enum ValidationLooks {
  /// Of each trial that is planned, all in all, as a multiple.
  package static let most = 2

  /// The chance of a false finding that a look may have for both to have ``Estimate/alpha``
  /// together: the smaller of the two that spending it evenly gives (Pocock; Lan and DeMets, 1983).
  /// One for both, so that a finding is the same whichever look it comes from.
  package static let alpha: Double = {
    let boundaries = AlphaSpending(.pocock).boundaries(at: [0.5, 1])
    return boundaries.map { 2 * NormalDistribution.cumulative(-$0) }.min() ?? Estimate.alpha
  }()

  /// p of a look as it counts against ``Estimate/alpha``, like p of any other trial.
  ///
  /// - Parameter family: how many tests it is corrected for (Bonferroni).
  package static func adjusted(_ probability: Double, family: Int = 1) -> Double {
    min(1, probability * Double(family) * Estimate.alpha / alpha)
  }
}
