package import Foundation
package import Measurement

/// How long a recommendation holds: until something changes that it was found on, and not for
/// ever, because a host, its neighbours and its traffic change without a name.
package struct Expiry: Sendable {
  package static let mostDays = 180

  private let hosts: [String]
  private let lastSample: Date
  /// What the run was found on, by target; empty if there is only a table.
  private let found: [TargetFingerprint]
  private let profileFile: String?

  /// Nil if nothing was found.
  ///
  /// - Parameter manifest: of the run; an old one tells what it can.
  package init?(_ recommendations: [Recommendation], _ manifest: RunManifest?) {
    let moments = recommendations.compactMap { Timestamp.nanoseconds($0.lastSampleAt) }
    guard let first = recommendations.first, let last = moments.max() else { return nil }
    lastSample = Date(timeIntervalSince1970: Double(last) / 1e9)
    profileFile = manifest?.profileFile
    found =
      manifest.map { manifest in
        if !manifest.targets.isEmpty { return manifest.targets }
        var partial = TargetFingerprint(
          manifest.environment, nic: first.nic, driver: first.driver)
        partial.kvmtuneVersion = manifest.kvmtuneVersion
        return [partial]
      } ?? []
    hosts = found.map(\.host) + recommendations.map(\.host)
  }

  /// What it was found on and until when it holds, in one line; nil if there is only a table.
  package var sentence: String? {
    found.first.map { first in
      let words = first.words(profile: profileFile ?? "", beside: Array(found.dropFirst()))
      return Self.line(
        "Found on \(Self.day(lastSample)) on \(first.host): \(words). It holds until one of these "
          + "changes, and for \(Self.mostDays) days at most: until \(Self.day(lastDay)).")
    }
  }

  /// Why it holds no more, or cannot be held against this host, in one line; nil if it holds.
  package func warning(on host: HostEnvironment = .read(), now: Date = .now) -> String? {
    if let foreign = hosts.first(where: { $0 != host.hostName }) {
      return Self.line(
        "this was found on another host, \(foreign); whether it still holds there cannot be told "
          + "on \(host.hostName)")
    }
    var reasons: [String] = []
    for target in found {
      // The host is the same for all of them.
      let changes = target.changes(to: target.present(on: host, profile: profileFile))
      reasons += changes.filter { !reasons.contains($0) }
    }
    if now > lastDay {
      reasons.append("it was found on \(Self.day(lastSample)), over \(Self.mostDays) days ago")
    }
    return reasons.isEmpty ? nil : Self.line("expired: \(reasons.joined(separator: "; "))")
  }

  private var lastDay: Date { lastSample.addingTimeInterval(Double(Self.mostDays) * 86_400) }

  private static func day(_ date: Date) -> String {
    date.formatted(Date.ISO8601FormatStyle().year().month().day())
  }

  /// A text with names from a file that somebody else may have written, as one line of an end.
  private static func line(_ text: String) -> String {
    let most = 2000
    let words = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    return words.count > most ? String(words.prefix(most)) + "…" : words
  }
}
