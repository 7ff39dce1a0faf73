import Foundation
import Measurement
import Report

/// The folder that a sweep leaves behind, and everything needed to go on with it.
///
/// `run.json` what was asked and of which machine · `rates.json` what loads are shares of ·
/// `trials.csv` every sample ·
/// `recommendation.json` and `summary.md` what follows from them.
package struct RunDirectory: Sendable, Hashable {
  package let path: String

  package var manifest: String { path + "/run.json" }
  package var trials: String { path + "/trials.csv" }
  /// The rates that were found for workloads with a load; there only if a profile has one.
  package var rates: String { path + "/rates.json" }
  package var recommendation: String { path + "/recommendation.json" }
  package var summary: String { path + "/summary.md" }
  /// What guests that failed had printed; there only if one did.
  package var consoles: String { path + "/consoles" }

  package init(path: String) { self.path = path }

  /// Whether there is a run that can be gone on with.
  package var isBegun: Bool { FileManager.default.fileExists(atPath: manifest) }
  /// Whether measuring has begun.
  package var hasTable: Bool { FileManager.default.fileExists(atPath: trials) }
  /// Whether the sweep came to its end: what it recommends is written last.
  package var isDone: Bool { FileManager.default.fileExists(atPath: recommendation) }

  /// Makes the folder with its `run.json`. Throws `RunDirectoryError` if it cannot be made, or if
  /// somebody else was faster.
  package func create(_ manifest: RunManifest) throws {
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
      let file = URL(filePath: self.manifest)
      let bytes = try manifest.encoded()
      try Data().write(to: file, options: .withoutOverwriting)
      do {
        try bytes.write(to: file)
      } catch {
        // Half a manifest would block the folder for ever.
        try? FileManager.default.removeItem(at: file)
        throw error
      }
    } catch CocoaError.fileWriteFileExists {
      throw RunDirectoryError("\(path) holds a run already; go on with --resume \(path)")
    } catch {
      throw RunDirectoryError(
        "cannot make the run directory \(path): \(TrialsFileError.sentence(error)); "
          + "choose another with --output", code: .inputOutput)
    }
  }

  /// Notes in `run.json` what is known only after the run has begun.
  func note(_ change: (inout RunManifest) -> Void) throws {
    var manifest = try readManifest()
    change(&manifest)
    try write(String(decoding: try manifest.encoded(), as: UTF8.self), to: self.manifest)
  }

  /// Reads what an earlier sweep was asked to do.
  package func readManifest() throws -> RunManifest {
    guard FileManager.default.fileExists(atPath: manifest) else {
      throw RunDirectoryError("\(path) is not a run directory: it has no run.json")
    }
    guard let data = FileManager.default.contents(atPath: manifest) else {
      throw RunDirectoryError("\(manifest) cannot be read", code: .inputOutput)
    }
    do {
      let manifest = try JSONDecoder().decode(RunManifest.self, from: data)
      guard manifest.formatVersion == RunManifest.currentFormat else {
        throw RunDirectoryError("\(self.manifest) was written by a newer kvmtune; use that one")
      }
      return manifest
    } catch let error as RunDirectoryError {
      throw error
    } catch DecodingError.keyNotFound(let key, _) {
      throw RunDirectoryError("\(manifest) is damaged: '\(key.stringValue)' is missing")
    } catch DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context)
    {
      let path = context.codingPath.map(\.stringValue).joined(separator: ".")
      throw RunDirectoryError("\(manifest) is damaged: '\(path)' has a value of another kind")
    } catch {
      throw RunDirectoryError("\(manifest) is damaged: it is not whole JSON")
    }
  }

  /// Removes the folder of consoles if no guest has left one.
  func removeEmptyConsoles() {
    guard let left = try? FileManager.default.contentsOfDirectory(atPath: consoles), left.isEmpty
    else { return }
    try? FileManager.default.removeItem(atPath: consoles)
  }

  /// Replaces a file of the run in one step.
  package func write(_ text: String, to file: String) throws {
    do {
      try Data(text.utf8).write(to: URL(filePath: file), options: .atomic)
    } catch {
      throw RunDirectoryError(
        "cannot write \(file): \(TrialsFileError.sentence(error)); every sample is in \(trials), "
          + "derive the rest with 'kvmtune recommend \(path)'", code: .inputOutput)
    }
  }
}

/// What is wrong with a run directory; one line, ready to print.
package struct RunDirectoryError: Error, CustomStringConvertible {
  package let description: String
  package let code: Failure

  package enum Failure: Sendable { case badInput, inputOutput }

  package init(_ description: String, code: Failure = .badInput) {
    self.description = description
    self.code = code
  }
}

/// `run.json`: enough to repeat the run, to go on with it, and to judge it later.
package struct RunManifest: Codable, Sendable, Hashable {
  static let currentFormat = 1
  package var formatVersion = currentFormat
  package var run: String
  package var startedAt: String
  package var kvmtuneVersion: String
  package var profileFile: String
  /// The profile's text as it was read.
  package var profile: String
  /// The NIC that was named instead of the profile's target.
  package var nic: String?
  package var seed: UInt64
  package var environment: HostEnvironment
  /// What the run is made on; nil in runs of old, before its first trial, and with several targets.
  package var fingerprint: TargetFingerprint?
  /// The same for each of several targets, in the order of the profile; nil with one.
  package var fingerprints: [TargetFingerprint]?
  /// What it has begun with on each target; nil in runs of old, and before its first trial.
  package var starts: [RunStart]?
  /// Why the host was not fit, if it was taken on with `--force`; nil if it was fit.
  package var takenOn: [String]?

  package init(
    run: String, startedAt: String, profileFile: String, profile: String, nic: String?, seed: UInt64
  ) {
    self.run = run
    self.startedAt = startedAt
    self.kvmtuneVersion = Version.current
    self.profileFile = profileFile
    self.profile = profile
    self.nic = nic
    self.seed = seed
    self.environment = HostEnvironment.read()
  }

  /// What the run is made on, by target; empty where that is not known.
  package var targets: [TargetFingerprint] {
    get { fingerprints ?? fingerprint.map { [$0] } ?? [] }
    set {
      fingerprint = newValue.count == 1 ? newValue[0] : nil
      fingerprints = newValue.count > 1 ? newValue : nil
    }
  }

  func encoded() throws -> Data {
    try JSONEncoder.forFiles.encode(self) + Data("\n".utf8)
  }
}

extension RunManifest {
  /// Refuses a table that holds samples of another run.
  func refuseForeign(_ rows: [TrialRecord], in directory: RunDirectory) throws(RunDirectoryError) {
    guard let other = rows.first(where: { $0.run != run || $0.seed != seed }) else { return }
    throw RunDirectoryError(
      "\(directory.trials) has samples of the run \(other.run) with the seed \(other.seed), and "
        + "\(directory.manifest) is of \(run) with the seed \(seed). Start a new run")
  }
}
