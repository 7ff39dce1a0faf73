package import Measurement
package import Traffic

/// What a search for the throughput found, and what limited it.
package struct ThroughputFinding: Sendable {
  package internal(set) var search: ThroughputSearch
  /// The loads that the generator could not make: what failed there is not the path.
  private var beyondGenerator: Set<Double> = []
  /// Frames per second that the sender makes for a sink that costs nothing; nil if nobody tried.
  private var generator: Double?
  /// The sending thread carries the path as well, so that the generator is no limit of its own.
  private let isInline: Bool

  init(search: ThroughputSearch, isInline: Bool) {
    self.search = search
    self.isInline = isInline
  }

  package var results: [GoalResult] { search.results }

  /// Takes what came of the search's next trial.
  ///
  /// - Parameters:
  ///   - ways: that frames went at once, each with the load of the trial. The sample has their sums.
  ///   - seconds: that the trial took with all its overheads.
  mutating func take(_ sample: Sample, of trial: SearchTrial, ways: Int, seconds: Double) {
    if sample.isGeneratorLimited { beyondGenerator.insert(trial.load) }
    if let headroom = sample.metrics[.headroom], let rate = sample.metrics[.deliveredRate] {
      generator = headroom * rate / Double(ways)
    }
    search.take(
      SearchMeasurement(
        intended: trial.intended * UInt64(ways), offered: sample.count(.offered),
        delivered: sample.count(.delivered), seconds: seconds))
  }

  /// Why a goal's result is none of the path, as the end of a sentence; nil if its upper bound is a
  /// load that the generator made, with room to spare, and the path did not pass.
  package func doubt(_ result: GoalResult) -> String? {
    switch result.outcome {
    case .failsAtMinimum: return "the path loses frames at every rate that was tried"
    case .passesAtMaximum:
      return "the path passes all that this host can send; the limit is the generator's"
    case .unfinished: return "the search was not ended; the bounds hold as far as they go"
    case .regular: break
    }
    if let upper = result.upperBound, beyondGenerator.contains(upper.load) {
      return "the failed rate is more than the generator can send"
    }
    return Headroom.objection(
      calibrated: isInline ? nil : generator, found: result.conditionalThroughput ?? 0)
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
