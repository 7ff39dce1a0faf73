import Foundation
import Lab
import Sweep
import Testing

/// A guest that all tests of a suite share: booted before the first of them, gone after the last.
struct SharedGuest: SuiteTrait, TestScoping {
  let definition: GuestDefinition

  @TaskLocal private static var current: GuestLab?

  /// The guest of the suite that the calling test belongs to.
  static var lab: GuestLab {
    get throws { try #require(current, "the suite has no guest") }
  }

  func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    let lab: GuestLab
    do {
      lab = try GuestBench.host().make(definition)
    } catch let error as GuestError {
      // The machine that it failed on may be gone before anyone looks there.
      if let console = error.console,
        let text = try? String(contentsOfFile: console, encoding: .utf8)
      {
        print(text.suffix(4000))
      }
      throw error
    }
    defer { lab.remove() }
    try await Self.$current.withValue(lab) { try await function() }
  }
}

extension Trait where Self == SharedGuest {
  static func guest(_ definition: GuestDefinition) -> Self { SharedGuest(definition: definition) }
}

extension GuestAgent {
  /// What a tool of the guest prints. Throws ``ToolFailure`` if it says it failed.
  @discardableResult
  func tool(_ words: String...) throws -> String {
    let run = try run(words[0], Array(words.dropFirst()))
    if !run.succeeded { throw ToolFailure(words: words, complaint: run.errors) }
    return run.output
  }

  /// The objects that a tool of the guest prints as JSON.
  func objects(_ words: String...) throws -> [[String: Any]] {
    let run = try run(words[0], Array(words.dropFirst()))
    let list = try JSONSerialization.jsonObject(with: Data(run.output.utf8))
    return try #require(list as? [[String: Any]], "\(words) printed \(run.output)\(run.errors)")
  }

  struct ToolFailure: Error {
    let words: [String]
    let complaint: String
  }
}
