import Foundation
import Kernel
import Knobs
package import Measurement
import Optimiser

/// What an earlier sweep of the same target found good, so that the next one tries it first.
///
/// It is tried like everything else and proves nothing: on the same machine too, what was best may
/// be so no longer.
package struct EarlierFindings: Codable, Hashable, Sendable {
  /// The run that found them.
  package let run: String
  /// What it recommended, and then the best of its search; at most ``most``.
  package let configurations: [Configuration]

  static let most = 4

  init(run: String, configurations: [Configuration]) {
    self.run = run
    self.configurations = configurations
  }

  /// Nil if nothing did better than the default, and kept every bound by what was measured.
  init?(_ found: Recommendation, _ objective: Objective) {
    let tried = found.search.filter { $0.isPromising(objective) }
      .map { finding in
        (
          gain: finding.byAim(objective).first?.gain ?? 0, configuration: finding.configuration
        )
      }
      .sorted { $0.gain > $1.gain }.map(\.configuration)
    let points = found.front?.filter(\.isOnFront).map(\.configuration) ?? []
    let good = ([found.configuration] + points + tried).reduce(into: [Configuration]()) {
      if !$1.isBaseline, !$0.contains($1) { $0.append($1) }
    }
    guard !good.isEmpty else { return nil }
    self.init(run: found.run, configurations: Array(good.prefix(Self.most)))
  }

  /// Those that a space has, without the knobs that it has not, and without values that the target
  /// has by now.
  func configurations(in space: SearchSpace) -> [Configuration] {
    let originals = Dictionary(
      uniqueKeysWithValues: space.dimensions.map { ($0.knob, $0.original) })
    return configurations.map { configuration in
      Configuration(
        configuration.values.filter { name, value in
          originals[name].map { $0 != value } ?? false
        })
    }
  }
}

extension EarlierFindings {
  /// What it holds for.
  private struct Fingerprint: Codable {
    var target: TargetFingerprint
    let metrics: [String]

    init(_ target: TargetFingerprint, _ objective: Objective) {
      self.target = target
      // Another profile may ask for the same.
      self.target.profileDigest = nil
      metrics = objective.aims.map(\.metric.name)
    }
  }

  /// What is kept of a target; nil if there is nothing.
  static func kept(
    of target: TargetFingerprint, _ objective: Objective, in state: StateFolder
  ) throws -> EarlierFindings? {
    let file = try state.file("found", of: Fingerprint(target, objective))
    // A damaged file counts for nothing: the next sweep replaces it.
    return FileManager.default.contents(atPath: file)
      .flatMap { try? JSONDecoder().decode(EarlierFindings.self, from: $0) }
  }

  /// Keeps what a run has found, in the place of what was found earlier.
  static func keep(
    _ conclusion: Conclusion, of manifest: RunManifest, in state: StateFolder
  ) throws {
    for found in conclusion.recommendations {
      let objective = try Objective(parsing: found.objective)
      // A sweep that did not get to search knows nothing better than what was found earlier.
      guard !found.search.isEmpty else { continue }
      guard let target = manifest.targets.first(where: { $0.nic == found.nic }) else { continue }
      let file = try state.file("found", of: Fingerprint(target, objective))
      try state.prepare()
      if let good = EarlierFindings(found, objective) {
        let text = String(decoding: try JSONEncoder.forFiles.encode(good), as: UTF8.self)
        try DurableFile.replace(file, with: text + "\n")
      } else {
        try? FileManager.default.removeItem(atPath: file)
      }
    }
  }
}
