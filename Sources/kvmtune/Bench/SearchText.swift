import Measurement
import Report
import Sweep

/// What a search for the throughput found, for people.
enum ThroughputText {
  static func text(_ finding: ThroughputFinding, width: Int?) -> String {
    var table = TerminalTable([
      .init("LOSS ALLOWED"), .init("THROUGHPUT pps", .right), .init("PASSED pps", .right),
      .init("FAILED pps", .right), .init("TRIALS", .right), .init("OUTCOME"),
    ])
    for result in finding.results {
      table.append([
        "\(percent(result.goal.lossRatio))", BenchTable.number(result.conditionalThroughput),
        BenchTable.number(result.lowerBound?.load), BenchTable.number(result.upperBound?.load),
        "\((result.lowerBound?.trials ?? 0) + (result.upperBound?.trials ?? 0))",
        outcome(result, in: finding),
      ])
    }
    let seconds = (finding.search.elapsed * 10).rounded() / 10
    let trials = "\(finding.search.trials.count) trials, \(seconds) s of traffic\n"
    return table.text(width: width) + trials
  }

  private static func outcome(_ result: GoalResult, in finding: ThroughputFinding) -> String {
    if let doubt = finding.doubt(result) { return doubt }
    guard let above = result.passedAbove else { return "found" }
    return "found; \(Int(above)) pps passed above the failed rate"
  }

  private static func percent(_ ratio: Double) -> String {
    "\((ratio * 100_000).rounded() / 1000)%"
  }
}

/// What a search for the longest burst found, for people.
enum BurstText {
  static func text(_ result: BurstResult) -> String {
    let spread = result.standardDeviation.map { ", standard deviation \(rounded($0))" } ?? ""
    return """
      longest burst without loss: \(rounded(result.average)) frames, the mean of \
      \(result.lengths.count) test\(result.lengths.count == 1 ? "" : "s") \
      (\(result.minimum) … \(result.maximum)\(spread))

      """
  }

  private static func rounded(_ value: Double) -> Double { (value * 10).rounded() / 10 }
}

/// What a search for the throughput found, for scripts.
struct ThroughputJSON: Encodable {
  let goals: [GoalJSON]
  let windows: [[String: JSONNumberOrText]]
}

struct GoalJSON: Encodable {
  private let loss_ratio: Double
  private let outcome: String
  private let throughput_pps: Double?
  private let passed_pps: Double?
  private let failed_pps: Double?
  private let relative_width: Double?
  private let passed_above_pps: Double?
  private let doubt: String?

  init(_ result: GoalResult, _ finding: ThroughputFinding) {
    doubt = finding.doubt(result)
    loss_ratio = result.goal.lossRatio
    outcome =
      switch result.outcome {
      case .regular: "regular"
      case .failsAtMinimum: "fails-at-minimum"
      case .passesAtMaximum: "passes-at-maximum"
      case .unfinished: "unfinished"
      }
    throughput_pps = result.conditionalThroughput
    passed_pps = result.lowerBound?.load
    failed_pps = result.upperBound?.load
    relative_width = result.relativeWidth
    passed_above_pps = result.passedAbove
  }
}

/// What a search for the longest burst found, for scripts.
struct BurstJSON: Encodable {
  private let average_frames: Double?
  private let minimum_frames: UInt64?
  private let maximum_frames: UInt64?
  private let standard_deviation_frames: Double?
  private let reached_limit: Bool?
  private let lengths_frames: [UInt64]
  private let windows: [[String: JSONNumberOrText]]

  /// - Parameter result: nil if no test has ended.
  init(_ result: BurstResult?, windows: [[String: JSONNumberOrText]]) {
    average_frames = result?.average
    minimum_frames = result?.minimum
    maximum_frames = result?.maximum
    standard_deviation_frames = result?.standardDeviation
    reached_limit = result?.reachedLimit
    lengths_frames = result?.lengths ?? []
    self.windows = windows
  }
}
