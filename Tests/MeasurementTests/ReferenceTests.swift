import Foundation
import Measurement
import TestSupport
import Testing

/// Both implementations of MLRsearch, ours and the reference of its authors, on the same simulated
/// systems: every trial is the same, and so is every result.
@Suite(.enabled(if: OracleTier.isOn, "\(OracleTier.reason)"))
struct ReferenceTests {
  /// What the reference made of a case.
  struct Found: Decodable {
    struct Goal: Decodable {
      let lower: Double?
      let upper: Double?
      let throughput: Double?
    }
    /// Load, duration and loss ratio.
    let trials: [[Double]]
    /// Nil if it gave up.
    let results: [Goal]?
    let error: String?
  }

  @Test func everyTrialAndResultIsTheReferences() throws {
    let cases = SearchCase.all + (1...160).map { SearchCase.random(seed: $0) }
    try #require(OracleTier.isThere, "\(OracleTier.reason)")
    let folder = try TemporaryFolder()
    let json = String(decoding: try JSONEncoder().encode(cases), as: UTF8.self)
    let ended = try OracleTier.python.run([
      OracleTier.script("mlrsearch.py"), try folder.file("cases.json", json),
    ])
    try #require(ended.status == 0, "\(ended.errors)")
    let found = try JSONDecoder().decode([Found].self, from: Data(ended.output.utf8))
    try #require(found.count == cases.count)
    var seen: [GoalResult.Outcome: Int] = [:]
    for (one, reference) in zip(cases, found) {
      var search = try one.search()
      search.run(on: one.system)
      Self.compare(search, reference, one)
      for result in search.results { seen[result.outcome, default: 0] += 1 }
    }
    // The cases would prove little if they all ended the same way.
    for outcome in [GoalResult.Outcome.regular, .failsAtMinimum, .passesAtMaximum, .unfinished] {
      #expect(seen[outcome, default: 0] >= 5, "\(outcome) came \(seen[outcome, default: 0]) times")
    }
  }

  static func compare(_ search: ThroughputSearch, _ reference: Found, _ one: SearchCase) {
    let trials = search.trials.map {
      [$0.trial.load, $0.trial.duration, $0.measurement.lossRatio]
    }
    if trials != reference.trials {
      let same = zip(trials, reference.trials).prefix { $0 == $1 }.count
      let ours = trials.dropFirst(same).first ?? []
      let theirs = reference.trials.dropFirst(same).first ?? []
      Issue.record("\(one.name): trial \(same) of \(reference.trials.count): \(ours), \(theirs)")
      return
    }
    guard let results = reference.results else {
      // It forgets its results when the time is up, even with the last trial it needed.
      #expect(reference.error == "Optimized search takes too long.", "\(one.name)")
      #expect(search.elapsed >= one.timeLimit, "\(one.name)")
      return
    }
    #expect(search.ending == .complete, "\(one.name)")
    for (ours, theirs) in zip(search.results, results) {
      #expect(ours.lowerBound?.load == theirs.lower, "\(one.name)")
      #expect(ours.upperBound?.load == theirs.upper, "\(one.name)")
      compareThroughput(ours, theirs, one)
      let isRegular = theirs.lower != nil && theirs.upper != nil
      #expect((ours.outcome == .regular) == isRegular, "\(one.name)")
    }
  }

  static func compareThroughput(_ ours: GoalResult, _ theirs: Found.Goal, _ one: SearchCase) {
    guard let lower = theirs.lower, let throughput = theirs.throughput,
      throughput < lower * (1 - ours.goal.lossRatio)
    else { return #expect(ours.conditionalThroughput == theirs.throughput, "\(one.name)") }
    // Where rounding errors add up to a rest of time that was not measured, it takes that for lost:
    // less than the goal allows, at a load that keeps the goal.
    #expect((ours.lowerBound?.lossRatio ?? 1) <= ours.goal.lossRatio, "\(one.name)")
  }
}
