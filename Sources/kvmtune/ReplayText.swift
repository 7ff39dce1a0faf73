import Foundation
import Optimiser
import Report

/// A rehearsal as a table for the terminal.
enum ReplayText {
  static func text(_ summary: RehearsalSummary, width: Int?) -> String {
    let gain = summary.bestValue / summary.defaultValue - 1
    let coverage = summary.coverage.map { "\(percent($0))" } ?? "–"
    var table = TerminalTable([
      TerminalTable.Column("MEASUREMENTS", .right), TerminalTable.Column("TIME", .right),
      TerminalTable.Column("REGRET", .right), TerminalTable.Column("1 IN 10", .right),
      TerminalTable.Column("WORST", .right),
    ])
    func row(_ name: String, _ time: String, _ regret: RehearsalSummary.Spread) {
      table.append([
        name, time, percent(regret.mean), percent(regret.tenthPercentile),
        percent(regret.worst),
      ])
    }
    for point in summary.course {
      row("\(point.measurements)", "\(Int(point.seconds.rounded())) s", point.regret)
    }
    row("\(summary.budget), proven", "", summary.regret)
    return """
      \(summary.rows) configurations; the best is \(summary.best): \(gain < 0 ? "−" : "+")\(percent(abs(gain))) \
      over the default.
      \(summary.seeds.count) searches (\(summary.strategy)), \(summary.budget) measurements each, \
      noise \(percent(summary.noise)), drift \(percent(summary.drift)).

      \(table.text(width: width))
      Regret is how much of the best value is missed: its mean, what one seed in ten exceeds, and \
      the worst.
      A change was recommended in \(percent(summary.changedShare)) of the searches; it was \
      worse than the default by more than \(percent(summary.effect)) in \
      \(summary.worseThanDefault) of \(summary.seeds.count).
      The 95 % interval of the contender's effect held the truth in \(coverage).

      """
  }

  private static func percent(_ share: Double) -> String {
    String(format: "%.\(abs(share) < 0.01 ? 2 : 1)f %%", share * 100)
  }
}
