import Foundation
package import Measurement

/// A noise profile as a table for the terminal: a column for each workload.
package enum NoiseText {
  /// - Parameter width: of the terminal, in characters; nil for as wide as it needs.
  package static func text(_ profile: NoiseProfile, width: Int? = nil) -> String {
    let columns = profile.workloads.map { TerminalTable.Column($0.workload, .right) }
    var table = TerminalTable([TerminalTable.Column("WORKLOAD")] + columns)
    func row(_ title: String, _ value: (WorkloadNoise) -> String?) {
      table.append([title] + profile.workloads.map { value($0) ?? "–" })
    }
    row("metric", \.metric)
    row("pairs of slices, not counted") { "\($0.validPairs), \($0.invalidPairs)" }
    row("sigma of slices") { $0.sliceDeviation.map(Wording.percent) }
    row("sigma between re-applications") { $0.applicationDeviation.map(Wording.percent) }
    row("lag-1 autocorrelation of slices") { $0.autocorrelation.map { String(format: "%.2f", $0) } }
    row("drift of the level per minute") { $0.drift.map { PercentText.signed($0.perMinute) } }
    row("  p of no drift") { $0.drift.map { Wording.probability($0.probability) } }
    row("sigma of the level") { $0.levelDeviation.map(Wording.percent) }
    row("default against default") { Wording.effect($0.effect) }
    row("called different, of tests") {
      "\($0.falsePositives.called) of \($0.falsePositives.tests)"
    }
    row("  by chance alone, expected") { String(format: "%.2g", $0.falsePositives.expected) }
    row("smallest visible effect") { $0.smallestVisible.map(Wording.percent) }
    row("  in a trial of the search") { $0.smallestVisibleInSearch.map(Wording.percent) }
    for (place, effect) in WorkloadNoise.TimeToSee.effects.enumerated() {
      row("time to see \(Int((effect * 100).rounded())) %") { time($0.plans[place]) }
      row("  blocks × pairs") { plan($0.plans[place]) }
    }
    return table.text(width: width)
  }

  private static func plan(_ plan: WorkloadNoise.TimeToSee) -> String? {
    guard let blocks = plan.blocks, let pairs = plan.pairs else { return nil }
    return "\(blocks) × \(pairs)"
  }

  /// `0.4 s`, `12 s`, `3 min`, `5 h`.
  private static func time(_ plan: WorkloadNoise.TimeToSee) -> String {
    guard let seconds = plan.seconds else { return "never" }
    switch seconds {
    case ..<10: return String(format: "%.1f s", seconds)
    case ..<120: return String(format: "%.0f s", seconds)
    case ..<7200: return String(format: "%.0f min", seconds / 60)
    case ..<1e6: return String(format: "%.0f h", seconds / 3600)
    default: return "never"
    }
  }
}
