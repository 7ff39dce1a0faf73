import Foundation
import Kernel
import Knobs
package import Measurement
import Optimiser
import Report

/// What follows from a run's table, and nothing but the table.
package struct Conclusion: Sendable {
  package let recommendations: [Recommendation]

  /// Reads a `trials.csv` and derives the recommendation of each NIC.
  ///
  /// Throws `TrialsFileError` for a table that cannot be read, `EvidenceError` for rows that
  /// contradict each other.
  package init(table path: String) throws {
    recommendations = try Recommendation.derive(from: TrialsFile.read(path).records)
  }

  /// The bytes of `recommendation.json`.
  package func json() throws -> String {
    String(decoding: try RecommendationJSON(recommendations).encoded(), as: UTF8.self)
  }

  /// The tables for the terminal, with the commands that make the change.
  ///
  /// - Parameter width: columns of the terminal; nil for as wide as needed.
  package func text(width: Int?) -> String {
    recommendations.map { recommendation in
      let kept = recommendation.configuration.names
      let apply = Self.commands(recommendation).apply(kept)
      let typed = apply.isEmpty ? "" : "\nBy hand:\n" + apply.map { "  \($0)\n" }.joined()
      return RecommendationText.text(recommendation, width: width) + typed
    }.joined(separator: "\n")
  }

  /// The text of `summary.md`.
  package func summary(directory: String) -> String {
    let commands = recommendations.map { ($0.nic, Self.commands($0)) }
    return SummaryMarkdown.text(
      recommendations, commands: Dictionary(commands) { first, _ in first }, directory: directory)
  }

  /// Writes `recommendation.json` and `summary.md` into a run directory.
  package func write(to directory: RunDirectory) throws {
    try directory.write(try json(), to: directory.recommendation)
    try directory.write(summary(directory: directory.path), to: directory.summary)
  }

  /// What one would type for each knob. What was found in a lab is for a NIC yet to be named.
  ///
  /// A table may be forged: what a shell would take for more than words becomes no command.
  static func commands(_ recommendation: Recommendation) -> KnobCommands {
    let isNamed = !recommendation.nic.hasPrefix(Stand.labPrefix) && isPlain(recommendation.nic)
    let target = Target(nic: .named(isNamed ? recommendation.nic : "$NIC"))
    var commands: [KnobName: KnobCommands.Commands] = [:]
    for finding in recommendation.knobs
    where isPlain("\(finding.value)\(finding.original.map(\.description) ?? "")") {
      guard case .host(let knob) = KnownKnob(named: finding.name) else { continue }
      commands[finding.name] = KnobCommands.Commands(
        apply: knob.commands(for: finding.value, on: target),
        revert: finding.original.map { knob.commands(for: $0, on: target) } ?? [])
    }
    return KnobCommands(commands)
  }

  private static func isPlain(_ text: String) -> Bool {
    text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || " .,:%+-_/@".contains($0)) }
  }
}

extension NetworkDevice {
  /// A device that is only a name, for commands that are printed and not run.
  static func named(_ name: String) -> NetworkDevice {
    NetworkDevice(namespace: .current, name: name, index: 0, address: .zero)
  }
}
