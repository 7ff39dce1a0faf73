import Kernel
import Lab
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
  private let throughput: ThroughputFinding?
  private let burst: BurstResult?

  /// Does what the command line asks for.
  init(
    of command: Bench, _ workload: Workload, _ run: BenchRun, _ ground: BenchGround,
    _ watch: BenchWatch
  ) throws {
    var throughput: ThroughputFinding?
    var burst: BurstResult?
    switch command.search {
    case .throughput:
      throughput = try run.findThroughput(of: workload, goals: command.goals.goals)
    case .burst:
      burst = try run.findBurst(
        of: workload, upTo: command.traffic.burst ?? 65_536, tests: command.tests)
    case nil:
      if let shares = command.traffic.load?.values {
        let finding = try run.findThroughput(of: workload, goals: command.goals.goals)
        throughput = finding
        for share in shares {
          let loaded = try workload.at(share, of: finding)
          try run.measure(loaded, windows: command.windows, seconds: command.window.value)
        }
      } else {
        try run.measure(workload, windows: command.windows, seconds: command.window.value)
      }
    }
    title = "\(command.place.title) \(workload.name), \(ground.effective)"
    settings = command.place.settings
    self.ground = ground
    windows = watch.windows
    hops = try ground.hops(of: workload)
    self.throughput = throughput
    self.burst = burst
  }

  /// Why what was searched for was not found, or is not the path's; nil if nothing is in doubt.
  var doubt: String? {
    if let throughput {
      return throughput.results.compactMap(throughput.doubt).first
    }
    if let burst, burst.reachedLimit {
      return "the longest burst that was tried passes; search further up with --burst"
    }
    return nil
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

  /// The windows alone; with a search an object of what it found and its windows.
  private func json() throws -> String {
    let windows = self.windows.map(BenchTable.json)
    if let throughput {
      return try kvmtune.json(
        ThroughputJSON(goals: throughput.results.map { GoalJSON($0, throughput) }, windows: windows)
      )
    }
    if let burst { return try kvmtune.json(BurstJSON(burst, windows: windows)) }
    return try kvmtune.json(windows)
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
