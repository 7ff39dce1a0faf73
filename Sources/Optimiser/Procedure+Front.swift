import Foundation
import Measurement

/// What is done otherwise where an objective has several metrics: not the best is validated, but
/// points that lie along the front, and what is recommended is its knee.
extension Procedure {
  /// How many points of the front are validated.
  static let frontLimit = 5
  /// Of how many points of a search, the least dominated, the front is made.
  private static let consideredLimit = 60

  /// Where those stand that may be tried further.
  func standings(
    _ found: [TrialFinding], _ trials: [Int: TrialEvidence], _ replay: Replay
  ) -> [Standing] {
    found.filter { $0.isPromising(objective) }.compactMap { finding in
      trials[finding.trial].flatMap { standing($0, replay) }
    }
  }

  private func standing(_ trial: TrialEvidence, _ replay: Replay) -> Standing? {
    Standing(trial, objective.aims, workloads: replay.workloads)
  }

  /// The smallest difference of ln that matters.
  private var margin: Double { log1p(objective.margin) }

  private func front(_ candidates: [Standing]) -> Front {
    Front(candidates, aims: objective.aims.count, margin: margin, seed: seed)
  }

  /// The points of a search that are probably on the front: the knee first, then those that are best
  /// in one metric, then each time the one that is farthest from all before it.
  func pointsToValidate(_ standings: [Standing]) -> [Configuration] {
    let unchanged = Standing.ofDefault(aims: objective.aims.count)
    let distinct = Front.distinct(
      standings.filter { !unchanged.standsFor($0, margin: margin) }, margin: margin,
      countsNoise: true)
    let front = front(leastDominated(distinct))
    // The default is the first, and needs no validation.
    let points = front.members.filter { $0 > 0 }
    func mean(_ place: Int) -> [Double] { front.standings[place].mean }
    let ends = objective.aims.indices.compactMap { aim in first(of: points) { mean($0)[aim] } }
    var chosen: [Int] = []
    for place in points.filter({ $0 == front.knee }) + ends where !chosen.contains(place) {
      chosen.append(place)
    }
    while chosen.count < Self.frontLimit,
      let next = first(
        of: points.filter { !chosen.contains($0) },
        by: { place in chosen.map { distance(mean(place), mean($0)) }.min() ?? 0 })
    {
      chosen.append(next)
    }
    return chosen.map { front.standings[$0].configuration }
  }

  /// The first of those with the highest score; nil of none.
  private func first(of places: [Int], by score: (Int) -> Double) -> Int? {
    places.max { (score($0), $1) < (score($1), $0) }
  }

  private func leastDominated(_ standings: [Standing]) -> [Standing] {
    guard standings.count > Self.consideredLimit else { return standings }
    let counts = standings.map { point in
      standings.count { ParetoFront.dominates($0.mean, point.mean) }
    }
    let order = standings.indices.sorted { (counts[$0], $0) < (counts[$1], $1) }
    return order.prefix(Self.consideredLimit).sorted().map { standings[$0] }
  }

  private func distance(_ point: [Double], _ other: [Double]) -> Double {
    zip(point, other).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
  }

  /// Validates all of them, makes the front of what does no harm and of the default, and returns
  /// what showed its knee; nil if the knee is the default, or not surely better in any metric.
  func knee(
    among contenders: [Configuration], _ replay: inout Replay, _ findings: inout Findings
  ) throws(Replay.Stop) -> TrialFinding? {
    var validated: [TrialFinding] = []
    for contender in contenders {
      validated.append(
        try validate(contender, of: contenders.count, &replay, &findings))
    }
    let safe = validated.filter { $0.outcome == .measured && $0.isSafe }
    let front = front(
      safe.compactMap { finding in
        findings.trials[finding.trial].flatMap { standing($0, replay) }
      })
    findings.front = points(front, validated)
    let knee = validated.first { $0.trial == front.standings[front.knee].trial }
    findings.winner = knee?.configuration
    return knee.flatMap { $0.isAccepted ? $0 : nil }
  }

  private func points(_ front: Front, _ validated: [TrialFinding]) -> [FrontPoint] {
    let members = front.members
    let best = objective.aims.indices.map { aim in
      members.map { front.standings[$0].mean[aim] }.max() ?? 0
    }
    return front.standings.indices.map { place in
      let standing = front.standings[place]
      let finding = validated.first { $0.trial == standing.trial }
      let effects = (finding?.aims ?? []).compactMap { aim in
        aim.effect.map { (aim.metric, $0) }
      }
      let isMember = members.contains(place)
      let bestFor = objective.aims.indices.filter { isMember && standing.mean[$0] == best[$0] }
      return FrontPoint(
        configuration: standing.configuration, trial: standing.trial,
        effects: Dictionary(effects) { first, _ in first },
        probability: front.probabilities[place], isOnFront: isMember,
        isKnee: place == front.knee, bestFor: bestFor.map { objective.aims[$0].metric.name })
    }
  }
}
