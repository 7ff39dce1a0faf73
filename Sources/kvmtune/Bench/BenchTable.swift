import Measurement
import Report
import Sweep

/// The windows of a bench, a column each.
enum BenchTable {
  static func text(_ windows: [BenchWindow], width: Int?) -> String {
    let samples = windows.map(\.sample)
    let titles = [TerminalTable.Column("METRIC")]
    let columns = samples.indices.map { TerminalTable.Column("\($0 + 1)", .right) }
    var table = TerminalTable(titles + columns)
    for metric in Metric.all where samples.contains(where: { $0.metrics[metric] != nil }) {
      table.append([metric.name] + samples.map { number($0.metrics[metric]) })
    }
    for hop in Set(samples.flatMap(\.drops.keys)).sorted() {
      table.append(["drop.\(hop)"] + samples.map { number($0.drops[hop].map { Double($0) }) })
    }
    let doubts = samples.enumerated().compactMap { index, sample in
      sample.invalidReason.map { "window \(index + 1) does not count: \($0)\n" }
    }
    return table.text(width: width) + doubts.joined() + extensions(windows).joined()
  }

  /// What became of the windows whose rate did not hold still.
  private static func extensions(_ windows: [BenchWindow]) -> [String] {
    windows.enumerated().filter { $1.purpose == .extended }.map { index, window in
      "window \(index + 1) is window \(index) again, twice as long, as its rate did not hold still"
        + (window.sample.isUnsteady ? "; neither did it then\n" : "\n")
    }
  }

  static func json(_ window: BenchWindow) -> [String: JSONNumberOrText] {
    let sample = window.sample
    var members: [String: JSONNumberOrText] = [
      "duration_s": .number(sample.duration), "workload": .text(window.workload.name),
      "purpose": .text(window.purpose.rawValue),
    ]
    for (metric, value) in sample.metrics { members[metric.name] = .number(value) }
    let drops = sample.drops.merging(sample.queueDrops) { hop, _ in hop }
    for (hop, count) in drops {
      members["drop.\(hop)"] = .number(Double(count))
    }
    if window.purpose == .extended { members["extended"] = .number(1) }
    if let reason = sample.invalidReason { members["invalid_reason"] = .text(reason) }
    return members
  }

  /// A bench as a whole.
  static func json(
    _ windows: [BenchWindow], of search: SearchKind?, _ throughput: ThroughputFinding?,
    _ burst: BurstResult?
  ) throws -> String {
    let windows = windows.map(json)
    switch search {
    case .throughput:
      let goals = throughput.map { finding in finding.results.map { GoalJSON($0, finding) } }
      return try kvmtune.json(ThroughputJSON(goals: goals ?? [], windows: windows))
    case .burst: return try kvmtune.json(BurstJSON(burst, windows: windows))
    case nil: return try kvmtune.json(windows)
    }
  }

  static func number(_ value: Double?) -> String {
    guard let value else { return "–" }
    let whole = Int64(exactly: value.rounded())
    guard let whole, value == value.rounded() || abs(value) >= 1000 else {
      return "\((value * 10_000).rounded() / 10_000)"
    }
    return "\(whole)"
  }
}

/// A member of a JSON object that is a number or a sentence.
enum JSONNumberOrText: Encodable {
  case number(Double)
  case text(String)

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .number(let number): try container.encode(number)
    case .text(let text): try container.encode(text)
    }
  }
}
