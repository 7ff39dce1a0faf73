import Foundation
import Kernel
import Knobs
package import Measurement
import Optimiser
import Report

/// What follows from a run's table, and nothing but the table; and how long it holds.
package struct Conclusion: Sendable {
  package let recommendations: [Recommendation]
  /// What settings of the whole host that are recommended for one NIC do to the others.
  package let hostWide: [HostWideFinding]
  /// What is found of knobs that cannot act, of which there should be nothing to find.
  package let warnings: [String]
  /// Why the host was not fit that the run was taken on with; empty if it was.
  private let takenOn: [String]
  /// Nil if there are no samples.
  package let expiry: Expiry?

  /// Reads a `trials.csv` and derives the recommendation of each NIC.
  ///
  /// - Parameters:
  ///   - controls: knobs that were swept as negative controls. The table does not tell them
  ///     from others.
  ///   - manifest: of the run, if it is there: why the host was not fit, and what it was found on.
  ///     The table does not tell.
  ///
  /// Throws `TrialsFileError` for a table that cannot be read, `EvidenceError` for rows that
  /// contradict each other.
  package init(
    table path: String, controls: [KnobName] = [], manifest: RunManifest? = nil
  ) throws {
    takenOn = manifest?.takenOn ?? []
    let records = try TrialsFile.read(path).records
    recommendations = try Recommendation.derive(from: records)
    hostWide = try HostWideFinding.derive(from: records, recommendations)
    warnings = recommendations.flatMap { ControlCheck.warnings($0, controls: controls) }
    expiry = Expiry(recommendations, manifest)
  }

  /// The bytes of `recommendation.json`.
  package func json() throws -> String {
    let document = RecommendationJSON(recommendations, hostWide: hostWide)
    return String(decoding: try document.encoded(), as: UTF8.self)
  }

  /// The tables for the terminal, with the commands that make the change.
  ///
  /// - Parameter width: columns of the terminal; nil for as wide as needed.
  package func text(width: Int?) -> String {
    recommendations.map { recommendation in
      let kept = recommendation.configuration.names
      let commands = Self.commands(recommendation)
      let typed = KnobCommands.Place.allCases.map { place in
        let lines = commands.apply(kept, at: place).map { "  \($0)\n" }.joined()
        return lines.isEmpty ? "" : "\nBy hand\(Self.words(place)):\n" + lines
      }
      return RecommendationText.text(recommendation, width: width) + typed.joined()
    }.joined(separator: "\n") + shared + (mark + warnings).map { "\nWarning: \($0).\n" }.joined()
      + (expiry?.sentence.map { "\n\($0)\n" } ?? "")
  }

  private var shared: String {
    let lines = HostWideText.sentences(hostWide).map { "  \($0).\n" }
    return lines.isEmpty ? "" : "\n\(HostWideText.title):\n" + lines.joined()
  }

  private static func words(_ place: KnobCommands.Place) -> String {
    switch place {
    case .host: ""
    case .guest: " in the guest"
    case .definition: " in the guest's <interface>, when it starts anew"
    }
  }

  /// The text of `summary.md`.
  package func summary(directory: String) -> String {
    let commands = recommendations.map { ($0.nic, Self.commands($0)) }
    return SummaryMarkdown.text(
      recommendations, hostWide: hostWide, commands: Dictionary(commands) { first, _ in first },
      directory: directory)
      + ((mark + warnings).isEmpty ? "" : "\n## Warnings\n\n")
      + (mark + warnings).map { "- \($0)\n" }.joined()
      + (expiry?.sentence.map { SummaryMarkdown.section("How long it holds", $0) } ?? "")
  }

  private var mark: [String] {
    takenOn.isEmpty ? [] : ["taken on with --force: \(takenOn.joined(separator: "; "))"]
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
    let (host, guest) = (host(of: recommendation), Target(nic: .named("net0")))
    var commands = KnobCommands()
    for finding in recommendation.knobs
    where isPlain("\(finding.value)\(finding.original.map(\.description) ?? "")") {
      func add(_ place: KnobCommands.Place, _ lines: (KnobValue) -> [String]) {
        let typed = KnobCommands.Commands(
          apply: lines(finding.value), revert: finding.original.map(lines) ?? [])
        commands.add(typed, for: finding.name, at: place)
      }
      switch KnownKnob(named: finding.name) {
      case .host(let knob):
        add(.host) { knob.commands(for: $0, on: host) }
        // The guest's NIC is a part of the path.
        if recommendation.isOfGuest, finding.side == .path {
          add(.guest) { knob.commands(for: $0, on: guest) }
        }
      case .guest(let knob): add(.guest) { knob.commands(for: $0, on: guest) }
      case .interface(let field): add(.definition) { [field.libvirt($0.description)] }
      case nil: continue
      }
    }
    return commands
  }

  /// The host's devices: what stands for them where they are yet to be named. A bridge follows its
  /// ports.
  private static func host(of recommendation: Recommendation) -> Target {
    let (nic, tap) = (NetworkDevice.named("$NIC"), NetworkDevice.named("$TAP"))
    if recommendation.isOfGuest {
      return Target(transmitter: tap, receiver: tap, path: [nic, tap], isLab: false)
    }
    let isNamed = !recommendation.nic.hasPrefix(Stand.labPrefix) && isPlain(recommendation.nic)
    return Target(nic: isNamed ? .named(recommendation.nic) : nic)
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
