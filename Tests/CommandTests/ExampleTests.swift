import Foundation
import TestSupport
import Testing

/// The run that is checked in proves what it says: its recommendation follows from its table.
///
/// After a change of the derivation that is meant, write it anew:
/// `kvmtune recommend Reports/example --format json > Reports/example/recommendation.json`.
@Suite struct ExampleTests {
  static let root = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  @Test func theExampleDerivesItsOwnRecommendation() throws {
    let run = Self.root.appending(path: "Reports/example")
    let ended = try Program.kvmtune.run(["recommend", run.path, "--format", "json"])
    #expect(ended.status == 0)
    let recorded = try String(
      contentsOf: run.appending(path: "recommendation.json"), encoding: .utf8)
    #expect(ended.output == recorded)
    #expect(recorded.contains("\"decision\" : \"change\""))
  }
}
