import Foundation
import Sweep
import TestSupport
import Testing

/// Sweeps by the program itself, with all that they write in a folder of the test's own.
struct SweepBench {
  private let folder: TemporaryFolder
  let profile: String

  /// - Parameter profile: its text.
  init(profile: String) throws {
    folder = try TemporaryFolder()
    self.profile = try folder.file("profile.yaml", profile)
  }

  var state: String { folder.path + "/state" }
  var environment: [String: String] { ["KVMTUNE_STATE": state] }

  /// The journals of sweeps that have not put everything back.
  var journals: [String] {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: state)) ?? []
    return files.filter { $0.hasPrefix("journal-") }
  }

  /// A run directory; nothing is made yet.
  func run(_ name: String) -> RunDirectory { RunDirectory(path: "\(folder.path)/\(name)") }

  /// A sweep to its end, which must be a good one, on whatever machine.
  func sweep(into run: RunDirectory, _ options: String...) throws -> Ended {
    let ended = try Program.kvmtune.run(
      ["sweep", profile, "--output", run.path, "--force"] + options, environment: environment)
    try #require(ended.status == 0, "\(ended.errors)")
    return ended
  }
}
