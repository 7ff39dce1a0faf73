package import Measurement
package import Traffic

/// What a search for the throughput found, and what limited it.
package struct ThroughputFinding: Sendable {
  package internal(set) var search: ThroughputSearch
  /// The loads that the generator could not make: what failed there is not the path.
  package private(set) var beyondGenerator: Set<Double> = []

  init(search: ThroughputSearch) { self.search = search }

  package var results: [GoalResult] { search.results }

  /// Takes what came of the search's next trial.
  ///
  /// - Parameter seconds: that the trial took with all its overheads.
  mutating func take(_ sample: Sample, intended: UInt64, at load: Double, seconds: Double) {
    if sample.isGeneratorLimited { beyondGenerator.insert(load) }
    search.take(
      SearchMeasurement(
        intended: intended, offered: sample.count(.offered),
        delivered: sample.count(.delivered), seconds: seconds))
  }

  /// Whether a goal's result is one of the path: its upper bound is a load that the generator made,
  /// and the path did not pass.
  package func isOfThePath(_ result: GoalResult) -> Bool {
    guard result.outcome == .regular, let upper = result.upperBound else { return false }
    return !beyondGenerator.contains(upper.load)
  }

  /// The largest rate that got through in any goal, frames per second; nil if none did.
  package var throughput: Double? { results.compactMap(\.conditionalThroughput).max() }
}

extension Workload {
  /// The same at a share of the throughput that was found, above 0, at most 1.
  ///
  /// - Throws: ``BenchFailure`` if nothing got through.
  package func at(_ share: Double, of finding: ThroughputFinding) throws -> Workload {
    guard let throughput = finding.throughput else {
      throw BenchFailure("no rate was found to pass, of which a load could be a share")
    }
    var loaded = self
    loaded.rate = max(1, throughput * share)
    loaded.load = nil
    loaded.name += "-\((share * 1000).rounded() / 10)%"
    return loaded
  }
}
