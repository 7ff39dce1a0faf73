package import Measurement

/// What settings of the whole host do to NICs that they are not recommended for, for people.
package enum HostWideText {
  package static let title = "Settings of the whole host"

  /// One sentence for each setting.
  package static func sentences(_ findings: [HostWideFinding]) -> [String] {
    findings.map(sentence)
  }

  private static func sentence(_ finding: HostWideFinding) -> String {
    let metrics = finding.others.first?.finding.aims?.map(\.metric) ?? []
    let wishes = finding.recommendedFor.map { wish in
      let effects = wish.effects.map { effects in metrics.map { ($0, effects[$0]) } }
      return "\(wish.nic)\(numbers(effects ?? [(nil, wish.effect)]))"
    }
    return "\(finding.name)=\(finding.value) is recommended for \(list(wishes)); "
      + "it \(list(finding.others.map { words($0, finding) })): \(advice(finding))"
  }

  private static func words(
    _ other: HostWideFinding.Other, _ finding: HostWideFinding
  ) -> String {
    let verb =
      switch other.outcome {
      case .helps: "helps"
      case .harmless: "is harmless to"
      case .hurts: "hurts"
      case .inconclusive: "was not shown to be harmless to"
      case .failed: "could not be measured on"
      }
    let instead = other.instead.map { ", against \($0), which is recommended there" } ?? ""
    let numbers = numbers(other.finding.rows.map { ($0.metric, $0.effect) })
    return "\(verb) \(other.nic)\(numbers)\(hidden(other))\(instead)"
  }

  /// What the means do not show: where it loses, or which bound is at stake.
  private static func hidden(_ other: HostWideFinding.Other) -> String {
    let (finding, verdicts) = (other.finding, other.finding.verdicts)
    func bound(_ status: ConstraintFinding.Status) -> String? {
      finding.constraints.first { $0.status == status }?.constraint
    }
    switch other.outcome {
    case .hurts where !verdicts.contains(.worse):
      let harmed = finding.rows.flatMap(\.workloads).first { $0.verdict == .worse }
      return harmed.map { " on \($0.workload)" } ?? bound(.broken).map { ", breaking \($0)" } ?? ""
    case .inconclusive where !verdicts.contains(.inconclusive):
      return bound(.unproven).map { ", nor to keep \($0)" } ?? ""
    default: return ""
    }
  }

  private static func advice(_ finding: HostWideFinding) -> String {
    switch finding.advice {
    case .take: "it suits all of them"
    case .choose: "the host has one value for all, so choose"
    case .unknown: "whether it suits all of them is not known"
    }
  }

  /// ` (+5.0 %, 95 %: +4.2 % … +5.8 %)`, of several metrics each behind its name; empty where
  /// nothing was measured.
  private static func numbers(_ effects: [(metric: String?, effect: Effect?)]) -> String {
    let texts = effects.compactMap { metric, effect in
      effect.map { effect in
        let interval = effect.interval.map { ", 95 %: \(Wording.interval($0))" } ?? ""
        return (metric.map { "\($0) " } ?? "") + Wording.effect(effect) + interval
      }
    }
    return texts.isEmpty ? "" : " (\(texts.joined(separator: "; ")))"
  }

  private static func list(_ parts: [String]) -> String {
    guard parts.count > 1, let last = parts.last else { return parts.first ?? "" }
    return parts.dropLast().joined(separator: ", ") + " and " + last
  }
}
