import Foundation
import Measurement

/// Ours against one peer: how both are run for one slice, and what the ratio should be.
struct Contest {
  let name: String
  let peer: String
  /// Ours ÷ peer that is asked for; nil where none is.
  var bar: Double?
  /// How both are opened. Each of the two then runs one slice and gives its rate, a second.
  let open: () throws -> (ours: () throws -> Double, peer: () throws -> Double)
  /// Of how many pairs at most; a peer that takes seconds has fewer.
  var pairs = Int.max
  /// Slices of each in one pair.
  var turns = 2
  /// What the rates are of.
  var unit = Unit.frames

  enum Unit { case frames, bits }
}

/// One row of the table.
struct Row {
  let contest: Contest
  let outcome: Result<Figures, any Error>

  struct Figures {
    var ours: Double
    var peer: Double
    var ratio: Double
    var interval: ClosedRange<Double>?
    var pairs: Int
    /// Pairs besides that one side did not run in.
    var again: Int
  }

  /// Runs a contest pair by pair; the one that begins changes from pair to pair, and within a pair
  /// the order turns round (A B B A), so that drift hits both alike.
  init(_ contest: Contest, pairs: Int) {
    self.contest = contest
    outcome = Result {
      let sides = try contest.open()
      _ = try (sides.ours(), sides.peer())
      var both: [(ours: Double, peer: Double)] = []
      var again = 0
      while both.count < min(pairs, contest.pairs) {
        do {
          both.append(try Self.pair(both.count, contest.turns, sides))
        } catch {
          try BenchPeers.checkRequests()
          if again == Self.mostAgain { throw error }
          again += 1
        }
      }
      let centre = HodgesLehmann(both.map { log($0.ours / $0.peer) })
      guard let centre, let ours = Series.median(both.map(\.ours)),
        let peer = Series.median(both.map(\.peer))
      else { throw BenchError("nothing was measured") }
      return Figures(
        ours: ours, peer: peer, ratio: exp(centre.estimate),
        interval: centre.interval.map { exp($0.lowerBound)...exp($0.upperBound) },
        pairs: both.count, again: again)
    }
  }

  /// Pairs that are taken again, as one side did not run, before the row is given up.
  private static let mostAgain = 3

  private static func pair(
    _ number: Int, _ turns: Int, _ sides: (ours: () throws -> Double, peer: () throws -> Double)
  ) throws -> (ours: Double, peer: Double) {
    var sums = (ours: 0.0, peer: 0.0)
    for turn in 0..<turns {
      try BenchPeers.checkRequests()
      if (number + turn).isMultiple(of: 2) {
        sums.ours += try sides.ours()
        sums.peer += try sides.peer()
      } else {
        sums.peer += try sides.peer()
        sums.ours += try sides.ours()
      }
    }
    guard sums.ours > 0 else { throw BenchError("ours moved no frame") }
    guard sums.peer > 0 else { throw BenchError("the peer moved no frame") }
    return (sums.ours / Double(turns), sums.peer / Double(turns))
  }

  static let header = [
    "what", "peer", "ours", "peer's", "ratio", "95 % interval", "pairs", "asked for",
  ]

  var cells: [String] {
    let bar = contest.bar.map { String(format: "≥ %.2f", $0) } ?? "–"
    switch outcome {
    case .failure(let error):
      return [contest.name, contest.peer, "–", "–", "–", "did not run: \(error)", "0", bar]
    case .success(let figures):
      let interval = figures.interval.map {
        String(format: "%.3f … %.3f", $0.lowerBound, $0.upperBound)
      }
      return [
        contest.name, contest.peer, text(figures.ours), text(figures.peer),
        String(format: "%.3f", figures.ratio), interval ?? "too few pairs",
        "\(figures.pairs)" + (figures.again > 0 ? ", \(figures.again) taken again" : ""), bar,
      ]
    }
  }

  private func text(_ rate: Double) -> String {
    switch contest.unit {
    case .frames: String(format: "%.0f kpps", rate / 1000)
    case .bits: String(format: "%.2f Gbit/s", rate / 1e9)
    }
  }

  /// The table in Markdown.
  static func table(_ rows: [Row]) -> String {
    let lines = [header, header.map { _ in "---" }] + rows.map(\.cells)
    return lines.map { "| " + $0.joined(separator: " | ") + " |" }.joined(separator: "\n")
  }
}
