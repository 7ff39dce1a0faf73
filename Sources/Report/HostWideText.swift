package import Measurement

/// What settings of the whole host do to NICs that they are not recommended for, for people.
package enum HostWideText {
  package static let title = "Settings of the whole host"

  /// One sentence for each setting.
  package static func sentences(_ findings: [HostWideFinding]) -> [String] {
    findings.map(sentence)
  }

  private static func sentence(_ finding: HostWideFinding) -> String {
    let wishes = finding.recommendedFor.map { "\($0.nic)\(numbers($0.effect))" }
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
    return "\(verb) \(other.nic)\(numbers(other.finding.effect))\(broken(other))\(instead)"
  }

  /// A loss that the mean does not show.
  private static func broken(_ other: HostWideFinding.Other) -> String {
    guard other.outcome == .hurts, other.finding.verdict != .worse else { return "" }
    if let harmed = other.finding.workloads.first(where: { $0.verdict == .worse }) {
      return " on \(harmed.workload)"
    }
    let broken = other.finding.constraints.first { $0.status == .broken }
    return broken.map { ", breaking \($0.constraint)" } ?? ""
  }

  private static func advice(_ finding: HostWideFinding) -> String {
    switch finding.advice {
    case .take: "it suits all of them"
    case .choose: "the host has one value for all, so choose"
    case .unknown: "whether it suits all of them is not known"
    }
  }

  /// ` (+5.0 %, 95 %: +4.2 % … +5.8 %)`; empty where nothing was measured.
  private static func numbers(_ effect: Effect?) -> String {
    guard let effect else { return "" }
    let interval = effect.interval.map { ", 95 %: \(Wording.interval($0))" } ?? ""
    return " (\(Wording.effect(effect))\(interval))"
  }

  private static func list(_ parts: [String]) -> String {
    guard parts.count > 1, let last = parts.last else { return parts.first ?? "" }
    return parts.dropLast().joined(separator: ", ") + " and " + last
  }
}
