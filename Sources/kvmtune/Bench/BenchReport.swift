import Measurement
import Report
import Sweep
import Traffic

/// What a bench found, in the words of each format.
struct BenchReport {
  private let title: String
  private let settings: Configuration
  private let ground: BenchGround
  private let windows: [BenchWindow]
  private let hops: [String]
  private let search: SearchKind?
  private let throughput: ThroughputFinding?
  private let burst: BurstResult?

  /// - Parameter hops: that rows may tell drops of.
  init(
    of command: Bench, _ workload: Workload, _ ground: BenchGround, hops: [String],
    _ findings: BenchFindings
  ) {
    title = "\(command.place.title) \(workload.name), \(ground.effective)"
    settings = command.place.settings
    search = command.traffic.load == nil ? command.search : .throughput
    self.ground = ground
    self.hops = hops
    windows = findings.windows
    throughput = findings.throughput
    burst = findings.burst
  }

  func write(_ format: BenchFormat) throws {
    switch format {
    case .text:
      Terminal.print(title + "\n")
      Terminal.write(text(width: Terminal.width))
    case .json: Terminal.print(try json())
    case .csv: Terminal.write(table: try csv())
    }
  }

  // MARK: Text

  private func text(width: Int?) -> String {
    var parts: [String] = []
    if let throughput { parts.append(ThroughputText.text(throughput, width: width)) }
    if let burst { parts.append(BurstText.text(burst)) }
    for windows in measured {
      let workload = windows[0].workload
      if throughput != nil {
        parts.append("\(workload.name), \(Int(workload.rate ?? 0)) pps")
      }
      parts.append(BenchTable.text(windows, width: width))
      if let trips = windows.compactMap(\.roundTrips).sum {
        let bars = TimeBars(trips.times).text(width: width ?? 80)
        parts.append("round trips of all windows\n" + bars)
      }
    }
    return parts.joined(separator: "\n")
  }

  /// The windows that were not a search's, those of each load apart.
  private var measured: [[BenchWindow]] {
    let own = windows.filter { $0.purpose != .search }
    let names = own.map(\.workload.name)
    let order = names.enumerated().filter { names.firstIndex(of: $1) == $0 }.map(\.element)
    return order.map { name in own.filter { $0.workload.name == name } }
  }

  // MARK: For scripts

  /// The windows alone; with a search always an object of what it found and its windows, also if it
  /// was ended before it found anything.
  private func json() throws -> String {
    try BenchTable.json(windows, of: search, throughput, burst)
  }

  /// The columns of a `trials.csv`, a row for each window, those of a search too.
  private func csv() throws -> [UInt8] {
    let schema = TableSchema(
      knobs: settings.names, hops: hops + windows.flatMap(\.sample.drops.keys))
    let rows = windows.enumerated().map { number, window in
      ground.row(window, settings: settings, number: number)
    }
    return try TrialTable(schema: schema, records: rows).encoded()
  }
}

extension [TimeHistogram] {
  /// All of them in one; nil of none.
  fileprivate var sum: TimeHistogram? {
    guard var sum = first else { return nil }
    for histogram in dropFirst() { sum.add(histogram) }
    return sum
  }
}
