import ArgumentParser
import Foundation
import Measurement
import Optimiser
import Synchronization

struct ReplayCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract: "Rehearses a search strategy on a recorded table, without any traffic.",
    discussion: """
      Reads a full table, in which every row is a configuration and every column but the metric's a \
      knob, and lets a strategy search it as if each look-up were a measurement: with noise, drift \
      and a budget. Prints how much of the best value the recommendation misses, how often it is \
      worse than the default, and whether the intervals hold the truth. A run's trials.csv is such \
      a table, too: what its search measured.

      The first row is the default unless --default says otherwise. A value of 5% of noise is the \
      standard deviation of a single measurement.

      EXAMPLES
        kvmtune replay table.csv
        kvmtune replay table.csv --metric latency_p99_us:less --default ring.rx=512,qdisc=fq
        kvmtune replay table.csv --strategy random --noise 2% --drift 0.5% --budget 100 --seeds 100
        kvmtune replay Reports/example/trials.csv --format json | jq .regret
      """)

  @Argument(help: "A table in CSV.", completion: .file(extensions: ["csv"]))
  var table: String

  @Option(help: "The metric's column and which way is good: NAME:more or NAME:less.")
  var metric: MetricColumn?

  @Option(
    name: .customLong("default"),
    help: ArgumentHelp("The default's values where the first row is not it.", valueName: "k=v,…"))
  var baseline: KnobSettings?

  @Option(help: "auto, grid, model, one-at-a-time or random.")
  var strategy = Strategy.Kind.auto

  @Option(help: "Standard deviation of a measurement.")
  var noise = Percentage(0.05)

  @Option(help: "normal, or heavy for noise with wild values now and then.")
  var tails = Tails.normal

  @Option(help: "Standard deviation of the step of the machine's level between measurements.")
  var drift = Percentage(0)

  @Option(help: "Measurements in all, those of the default too.")
  var budget = 60

  @Option(help: "How many searches, each with noise of its own.")
  var seeds = 30

  @Option(help: "The smallest effect that is worth a change.")
  var effect = Percentage(0.02)

  @Option(help: "text for people, json for scripts.")
  var format = OutputFormat.text

  enum Tails: String, ExpressibleByArgument, CaseIterable { case normal, heavy }

  func validate() throws {
    guard (10...2000).contains(budget) else {
      throw ValidationError("--budget must be from 10 to 2000")
    }
    guard (1...10_000).contains(seeds) else {
      throw ValidationError("--seeds must be from 1 to 10000")
    }
    guard noise.share > 0 else { throw ValidationError("--noise must be above 0%") }
  }

  func run() throws {
    guard let data = FileManager.default.contents(atPath: table) else {
      throw CommandFailure(.badInput, "\(table): cannot be read; is the path right?")
    }
    let request = RecordedTable.Request(
      metric: metric?.name, goal: metric?.goal ?? .maximise,
      baseline: baseline?.configuration)
    let recorded: RecordedTable
    do {
      recorded = try RecordedTable(decoding: Array(data), request)
    } catch {
      throw CommandFailure(.badInput, "\(table): \(error)")
    }
    let summary = try rehearse(on: recorded)
    switch format {
    case .text: Terminal.write(ReplayText.text(summary, width: Terminal.width))
    case .json:
      Terminal.print(try json(summary))
    }
  }

  /// Every seed by itself, on as many CPUs as there are.
  private func rehearse(on recorded: RecordedTable) throws -> RehearsalSummary {
    let conditions = Rehearsal.Conditions(
      budget: budget, noise: noise.share, hasHeavyTails: tails == .heavy, drift: drift.share,
      margin: effect.share)
    let done = Mutex<[UInt64: Result<RehearsalResult, any Error>]>([:])
    let (strategy, seeds) = (strategy, seeds)
    DispatchQueue.concurrentPerform(iterations: seeds) { index in
      let seed = UInt64(index + 1)
      let result = Result<RehearsalResult, any Error> {
        try Rehearsal(on: recorded, strategy, conditions, seed: seed).run()
      }
      let count = done.withLock {
        $0[seed] = result
        return $0.count
      }
      if count.isMultiple(of: 10) { Terminal.progress("\(count) of \(seeds) searches") }
    }
    Terminal.clearProgress()
    let results = try done.withLock { done in
      try done.sorted { $0.key < $1.key }.map { (seed: $0.key, result: try $0.value.get()) }
    }
    return RehearsalSummary(results, on: recorded, strategy, conditions)
  }
}

/// `NAME:more` or `NAME:less`.
struct MetricColumn: ExpressibleByArgument {
  let name: String
  let goal: Goal

  init?(argument: String) {
    let parts = argument.split(separator: ":").map(String.init)
    guard let name = parts.first, parts.count <= 2 else { return nil }
    switch parts.count == 2 ? parts[1] : "more" {
    case "more": goal = .maximise
    case "less": goal = .minimise
    default: return nil
    }
    self.name = name
  }
}

/// `NAME=VALUE,NAME=VALUE`.
struct KnobSettings: ExpressibleByArgument {
  let configuration: Configuration

  init?(argument: String) {
    let settings = argument.split(separator: ",").map { KnobSetting(argument: String($0)) }
    guard !settings.contains(where: { $0 == nil }) else { return nil }
    let pairs = settings.compactMap(\.self).map { ($0.name, $0.value) }
    configuration = Configuration(Dictionary(pairs) { $1 })
  }
}

/// `5%`, or the share itself: `0.05`.
struct Percentage: ExpressibleByArgument, CustomStringConvertible {
  let share: Double

  init(_ share: Double) { self.share = share }

  init?(argument: String) {
    let isPercent = argument.hasSuffix("%")
    guard let number = Double(isPercent ? String(argument.dropLast()) : argument) else {
      return nil
    }
    let share = isPercent ? number / 100 : number
    guard share >= 0, share < 1 else { return nil }
    self.share = share
  }

  var description: String { "\((share * 1e4).rounded() / 100)%" }
}
