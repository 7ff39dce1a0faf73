import Foundation
import Measurement

/// How findings are spelled for people.
enum Wording {
  /// The trials that have no verdict whatever their interval says, by the reason: a line each.
  static func doubts(_ recommendation: Recommendation) -> [String] {
    let doubtful = (recommendation.search + recommendation.checks).filter { !$0.doubts.isEmpty }
    return Dictionary(grouping: doubtful) { $0.doubts.first ?? "" }.sorted { $0.key < $1.key }.map {
      let trials = $1.map { String($0.trial) }.joined(separator: ", ")
      return "no verdict on trial\($1.count == 1 ? "" : "s") \(trials): \($0)"
    }
  }

  static func percent(_ share: Double) -> String { PercentText.share(share) }

  /// `+35.4 %`, or `×12.3` where per cent would be hard to read.
  static func effect(_ effect: Effect?) -> String {
    effect.map { PercentText.change($0.ratio) } ?? "–"
  }

  /// `+33.4 % … +37.4 %`.
  static func interval(_ interval: Interval?) -> String {
    interval.map { "\(PercentText.change($0.lower)) … \(PercentText.change($0.upper))" } ?? "–"
  }

  /// `97.2 %`, of the intervals of validations.
  static let confidence = percent(1 - ValidationLooks.alpha)

  /// Why the intervals of validations are wider than others, and which p counts.
  static let looks =
    "A validation may be looked at twice. So that both looks together stay within "
    + "\(Int(100 * Estimate.alpha)) %, its interval is wider, \(confidence), and its p must be below "
    + String(format: "%.4f", ValidationLooks.alpha)
    + ": as it stands here it is scaled, so that 0.05 is the bound as for the others, and corrected "
    + "for all that might be validated (Bonferroni)."

  /// Three significant digits; a very small p as a bound.
  static func probability(_ probability: Double?) -> String {
    guard let probability else { return "–" }
    return probability < 0.0001 ? "< 0.0001" : String(format: "%.2g", probability)
  }

  /// A probability to two decimals: `0.97`, `> 0.99`.
  static func share(_ probability: Double) -> String {
    switch probability {
    case 1: "1"
    case 0.995...: "> 0.99"
    default: String(format: "%.2f", probability)
    }
  }

  static func number(_ value: Double?) -> String {
    value.map { String(format: "%.4g", $0) } ?? "–"
  }

  static func evidence(_ evidence: KnobFinding.Evidence) -> String {
    switch evidence {
    case .proven: "proven"
    case .keptUnproven: "kept, not proven"
    case .droppedNoEffect: "dropped, no effect"
    case .droppedHarmful: "dropped, harmful"
    }
  }

  static func side(_ side: KnobSide) -> String {
    switch side {
    case .host: "host"
    case .guest: "guest"
    case .definition: "guest definition"
    case .path: "host and guest"
    }
  }

  static func verdict(_ finding: TrialFinding, _ row: FindingRow) -> String {
    switch finding.outcome {
    case .measured: row.verdict.rawValue
    case .sameAsEarlier: "same as an earlier trial"
    case .failed: "failed"
    }
  }

  /// `qdisc 1204, tap-ring 7`; hops that dropped nothing are left out.
  static func drops(_ drops: [String: UInt64]) -> String {
    let named = drops.filter { $0.value > 0 }.sorted { $0.key < $1.key }
    return named.isEmpty ? "none" : named.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
  }

  static func count(_ count: Int, _ noun: String) -> String {
    "\(count) \(noun)\(count == 1 ? "" : "s")"
  }

  /// `Change 2 knobs` or `Change nothing`.
  static func decision(_ recommendation: Recommendation) -> String {
    let kept = recommendation.configuration.values.count
    return kept == 0 ? "Change nothing" : "Change \(count(kept, "knob"))"
  }
}
