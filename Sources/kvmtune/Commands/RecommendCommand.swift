import ArgumentParser
import Foundation
import Sweep

struct Recommend: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "recommend",
    abstract: "Derives the recommendation of a run again, from its table alone.",
    discussion: """
      Derives it from RUN/trials.csv, or a table given by its own path, and nothing else: byte for \
      byte what the sweep wrote to recommendation.json. RUN/run.json tells what it was found on. \
      Where this host is not that any more, or 180 days are over, a warning says "expired". Of a \
      run that is not done it says what the samples show so far, and ends with status 2.

      EXAMPLES
        kvmtune recommend Reports/lab-20260101-120000
        kvmtune recommend Reports/example --format json > recommendation.json
        kvmtune recommend trials.csv
      """)

  @Argument(
    help: ArgumentHelp("A run directory, or a trials.csv.", valueName: "run"), completion: .file())
  var source: String

  @Option(help: "text for people, json for scripts.")
  var format = OutputFormat.text

  func run() throws {
    let table = source.hasSuffix(".csv") ? source : RunDirectory(path: source).trials
    guard FileManager.default.fileExists(atPath: table) else {
      throw CommandFailure(
        .badInput, "there is no \(table); name a run directory, or a trials.csv by its own path")
    }
    let isTable = table == source
    let run = RunDirectory(path: source)
    let manifest = isTable || !run.isBegun ? nil : try run.readManifest()
    // The profile names the negative controls. What the table says is told without one, too.
    let profile = manifest.flatMap { _ in try? SweepJob(resuming: source).profile }
    let conclusion = try Conclusion(
      table: table, controls: profile?.controls ?? [], manifest: manifest)
    guard !conclusion.recommendations.isEmpty else {
      throw CommandFailure(.inconclusive, "\(table) has no samples yet")
    }
    switch format {
    case .text: Terminal.write(conclusion.text(width: Terminal.width))
    case .json: Terminal.write(try conclusion.json())
    }
    if let warning = conclusion.expiry?.warning() { Terminal.warn(warning) }
    try Outcome.requireTrust(in: conclusion)
    // A table by itself does not tell how much was to be measured.
    if manifest != nil, !run.isDone {
      throw CommandFailure(
        .inconclusive,
        "the sweep is not done: that is what its samples show so far. If it was stopped, go on "
          + "with: kvmtune sweep --resume \(source)")
    }
  }
}
