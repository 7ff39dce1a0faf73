import Foundation
import Measurement

/// Where a configuration stands among several metrics: its gains over the default, from one trial.
struct Standing {
  let configuration: Configuration
  /// Nil for the default.
  let trial: Int?
  /// By swap pair, then by metric: ln of the ratio, above 0 if it is for the better.
  let gains: [[Double]]
  let mean: [Double]
  /// The standard error of each metric's mean; 0 of the default.
  let errors: [Double]

  init(_ configuration: Configuration, _ trial: Int?, _ gains: [[Double]]) {
    self.configuration = configuration
    self.trial = trial
    self.gains = gains
    mean = ParetoFront.mean(gains)
    errors = mean.indices.map { aim in
      let deviation = Series.standardDeviation(gains.map { $0[aim] }) ?? 0
      return deviation / Double(gains.count).squareRoot()
    }
  }

  /// Everything is held against it: it gains nothing, for sure.
  static func ofDefault(aims: Int) -> Standing {
    Standing(.baseline, nil, [[Double](repeating: 0, count: aims)])
  }

  /// From the swap pairs that have every metric; nil of fewer than two, which have no spread.
  init?(_ trial: TrialEvidence, _ aims: [Aim], workloads: [Metric: Set<String>]) {
    let byAim = aims.map { aim in
      PairedComparison(
        trial, aim.metric, workloads: workloads[aim.metric, default: []].sorted()
      ).swapPairs.mapValues { aim.goal == .maximise ? $0 : -$0 }
    }
    let gains = (byAim.first?.keys.sorted() ?? []).compactMap { number in
      let values = byAim.compactMap { $0[number] }
      return values.count == aims.count ? values : nil
    }
    guard gains.count >= 2 else { return nil }
    self.init(trial.candidate, trial.number, gains)
  }

  /// What is simpler comes first.
  var rank: (Int, Int) { (configuration.values.count, trial ?? -1) }

  /// Whether it may stand for another point that is less simple: it is worse in no metric by what
  /// matters, and better in none by more than that.
  ///
  /// - Parameters:
  ///   - margin: the smallest difference of ln that matters.
  ///   - countsNoise: whether it may also be better by what the noise of the two explains: the
  ///     standard error of their difference. It may never be worse for noise, or luck would decide
  ///     which of the two is left.
  func standsFor(_ other: Standing, margin: Double, countsNoise: Bool = false) -> Bool {
    mean.indices.allSatisfy { aim in
      let lead = mean[aim] - other.mean[aim]
      let noise = countsNoise ? hypot(errors[aim], other.errors[aim]) : 0
      return lead > -margin && lead < max(margin, noise)
    }
  }
}

/// The default and some configurations, as points of which a front is made. What differs from a
/// simpler point by less than what matters, in every metric, is no point of its own and left out.
struct Front {
  /// The default first, then simple ones first.
  let standings: [Standing]
  /// Of being on the front, in the same order.
  let probabilities: [Double]
  private let margin: Double

  /// From which probability on a point is taken to be on the front.
  private static let likely = 0.5

  /// - Parameter margin: the smallest difference of ln that matters.
  init(_ candidates: [Standing], aims: Int, margin: Double, seed: UInt64) {
    standings = Self.distinct([.ofDefault(aims: aims)] + candidates, margin: margin)
    probabilities = ParetoFront.probabilities(standings.map(\.gains), seed: seed)
    self.margin = margin
  }

  /// The places of the points that are on the front as likely as not, or more. Where so many are
  /// alike that none is, of the one that is most likely.
  var members: [Int] {
    let likely = standings.indices.filter { probabilities[$0] >= Self.likely }
    let first = probabilities.firstIndex(of: probabilities.max() ?? 0) ?? 0
    return likely.isEmpty ? [first] : likely
  }

  /// The knee's place.
  var knee: Int {
    let members = members
    return members[ParetoFront.knee(of: members.map { standings[$0].mean }, least: margin) ?? 0]
  }

  /// Without the points for which a simpler one stands; simple points first.
  ///
  /// - Parameter countsNoise: as of ``Standing/standsFor(_:margin:countsNoise:)``.
  static func distinct(
    _ standings: [Standing], margin: Double, countsNoise: Bool = false
  ) -> [Standing] {
    standings.sorted { $0.rank < $1.rank }.reduce(into: []) { distinct, standing in
      let isKnown = distinct.contains {
        $0.standsFor(standing, margin: margin, countsNoise: countsNoise)
      }
      if !isKnown { distinct.append(standing) }
    }
  }
}
