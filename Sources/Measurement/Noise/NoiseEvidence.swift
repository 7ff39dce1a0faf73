import Foundation

/// The samples of one workload, default against default, as numbers to reckon with.
struct NoiseEvidence {
  /// Four blocks on, the candidate is on the same twin again and comes in the same order, whether
  /// twins swap as ABAB or as ABBA.
  static let sides = 4

  let workload: String
  let blocks: [Block]
  /// Nil if no pair counts.
  let metric: Metric?
  /// ln(candidate ÷ reference) of the pairs that count, block by block.
  let logarithms: [[Double]]
  /// u_k of ``PairedComparison``, in their order.
  let swapPairs: [Double]

  init(_ trial: TrialEvidence, _ objective: Objective, workload: String) {
    self.workload = workload
    blocks = trial.blocks.filter { $0.workload == workload }
    let measured = blocks.flatMap(\.pairs).filter(\.isValid).map(\.reference.metrics)
    let usual = Metric.all.filter { $0.hasRatio && $0.polarity != .neither }
    let metric = (objective.metrics.filter(\.hasRatio) + usual).first { metric in
      measured.contains { $0[metric] != nil }
    }
    self.metric = metric
    logarithms = blocks.map { block in
      metric.map { PairedComparison.logarithms(of: block, $0) } ?? []
    }
    swapPairs =
      metric.map { PairedComparison(trial, $0, workload: workload).swapPairs }?
      .sorted { $0.key < $1.key }.map(\.value) ?? []
  }

  var pairs: [SamplePair] { blocks.flatMap(\.pairs) }

  var pairsPerBlock: Int { blocks.map(\.pairs.count).max() ?? 0 }

  /// From the beginning of a pair to that of the next one, the median; nil of single pairs.
  var secondsPerPair: Double? {
    let gaps = blocks.flatMap { block in
      let begins = block.pairs.map { min($0.reference.startedAt, $0.candidate.startedAt) }
      return zip(begins, begins.dropFirst()).filter { $0 < $1 }.map { Double($1 - $0) / 1e9 }
    }
    return Series.median(gaps)
  }

  /// The reason that most of the pairs have that do not count; of equals the first by the alphabet.
  var invalidReason: String? {
    let reasons = pairs.compactMap { $0.reference.invalidReason ?? $0.candidate.invalidReason }
    let counts = Dictionary(reasons.map { ($0, 1) }, uniquingKeysWith: +)
    return counts.min { ($1.value, $0.key) < ($0.value, $1.key) }?.key
  }

  /// The logarithm of the raw level of each block with its time in minutes, both sides together:
  /// twins may differ, but both are in every block.
  var levels: (minutes: [Double], levels: [Double]) {
    guard let metric else { return ([], []) }
    var minutes: [Double] = []
    var levels: [Double] = []
    let begin = pairs.map(\.reference.startedAt).min() ?? 0
    for block in blocks {
      let valid = block.pairs.filter(\.isValid)
      let values = valid.compactMap { pair -> Double? in
        guard let reference = pair.reference.metrics[metric], reference > 0,
          let candidate = pair.candidate.metrics[metric], candidate > 0
        else { return nil }
        return (log(reference) + log(candidate)) / 2
      }
      let times = valid.map { Double($0.reference.startedAt - begin) / 60e9 }
      guard let level = Series.median(values), let time = Series.mean(times) else { continue }
      levels.append(level)
      minutes.append(time)
    }
    return (minutes, levels)
  }

  /// The lag-1 autocorrelation of the pairs within a block, over all blocks.
  ///
  /// What a short series shows is too low by (1 + 4ρ) ÷ n (Kendall, 1954; Marriott and Pope, 1954);
  /// that is put right. Nil of blocks of fewer than six pairs: the rest would be guesswork.
  var autocorrelation: Double? {
    let long = logarithms.filter { $0.count >= 6 }
    guard let shown = Series.mean(long.compactMap(Series.autocorrelation)),
      let count = Series.mean(long.map { Double($0.count) })
    else { return nil }
    return max(-1, min(1, (count * shown + 1) / (count - 4)))
  }
}
