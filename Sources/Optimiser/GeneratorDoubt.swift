import Measurement

/// Whether a comparison of throughputs may have compared the generator with itself.
///
/// On each workload the side that passed more is asked; where neither did, the one closer to the
/// generator: two sides that both pass all that is made look the same, however far apart they are.
struct GeneratorDoubt {
  private let candidate: Double?
  private let reference: Double?
  private let counts: Bool

  /// - Parameter workloads: those that the effect was found on.
  init(_ trial: TrialEvidence, _ metric: Metric, workloads: [String]) {
    counts = Headroom.metrics.contains(metric)
    let pairs = trial.blocks.filter { workloads.contains($0.workload) }
    func least(_ side: (SamplePair) -> Sample) -> Double? {
      Dictionary(grouping: pairs, by: \.workload).values.compactMap { blocks in
        Headroom.median(of: blocks.flatMap(\.pairs).filter(\.isValid).map(side))
      }.min()
    }
    candidate = least(\.candidate)
    reference = least(\.reference)
  }

  /// Why a verdict does not hold; nil if it does, or is none.
  func reason(_ verdict: Verdict) -> String? {
    guard counts else { return nil }
    let headroom: Double? =
      switch verdict {
      case .better: candidate
      case .worse: reference
      case .equivalent: [candidate, reference].compactMap(\.self).min()
      case .inconclusive: nil
      }
    return headroom.map { $0 < Headroom.least } == true ? Headroom.reason : nil
  }
}
