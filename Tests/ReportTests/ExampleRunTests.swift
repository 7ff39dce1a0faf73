import Foundation
import Measurement
import Optimiser
import Report
import Testing

/// A small run that is checked in as a table, and what must come of it: byte for byte.
///
/// After a change that is meant, set KVMTUNE_RENEW=1 for one run and read the difference.
@Suite struct ExampleRunTests {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(
    path: "Example")

  static func recommendations() throws -> [Recommendation] {
    try Recommendation.derive(
      from: TrialsFile.read(folder.appending(path: TrialsFile.fileName).path()).records)
  }

  static let commands = KnobCommands([
    "mtu": .init(
      apply: ["ip link set dev eno1 mtu 9000"], revert: ["ip link set dev eno1 mtu 1500"]),
    "qdisc": .init(
      apply: ["tc qdisc replace dev eno1 root fq"],
      revert: ["tc qdisc replace dev eno1 root pfifo_fast"]),
  ])

  /// The bytes of a file of the example, or `text` after writing it there if that was asked for.
  static func expected(_ name: String, _ bytes: [UInt8]) throws -> [UInt8] {
    let file = folder.appending(path: name)
    if ProcessInfo.processInfo.environment["KVMTUNE_RENEW"] == "1" {
      try Data(bytes).write(to: file)
    }
    return Array(try Data(contentsOf: file))
  }

  @Test func json() throws {
    let bytes = try RecommendationJSON(Self.recommendations()).encoded()
    let expected = try Self.expected(RecommendationJSON.fileName, bytes)
    #expect(bytes == expected, "\(String(decoding: bytes, as: UTF8.self))")
  }

  @Test func summary() throws {
    let text = SummaryMarkdown.text(
      try Self.recommendations(), commands: ["eno1": Self.commands], directory: "Reports/example")
    let expected = try Self.expected(SummaryMarkdown.fileName, Array(text.utf8))
    #expect(text == String(decoding: expected, as: UTF8.self))
  }

  @Test func terminal() throws {
    let found = try #require(try Self.recommendations().first)
    let text = RecommendationText.text(found, width: 100)
    let expected = try Self.expected("terminal.txt", Array(text.utf8))
    #expect(text == String(decoding: expected, as: UTF8.self))
    let lines: [Substring] = text.split(separator: "\n")
    #expect(lines.dropFirst().allSatisfy { $0.count <= 100 })
  }

  @Test func theTableReadsBack() throws {
    let bytes = Array(
      try Data(contentsOf: Self.folder.appending(path: TrialsFile.fileName)))
    #expect(try TrialTable(decoding: bytes).encoded() == bytes)
  }

  @Test func jsonReadsBack() throws {
    let document = RecommendationJSON(try Self.recommendations())
    #expect(try RecommendationJSON(decoding: document.encoded()) == document)
    #expect(document.recommendations.first?.decision == .change)
    let other = String(decoding: try document.encoded(), as: UTF8.self)
      .replacing("\"formatVersion\" : 1", with: "\"formatVersion\" : 2")
    let error = #expect(throws: RecommendationFormatError.self) {
      try RecommendationJSON(decoding: Array(other.utf8))
    }
    #expect(error?.found == 2)
    #expect(throws: (any Error).self) { try RecommendationJSON(decoding: Array("{".utf8)) }
  }

  /// A verdict that was withheld is told with its reason.
  @Test func doubtsAreTold() throws {
    let plain = try JSONEncoder().encode(try Self.recommendations()[0])
    var members = try #require(try JSONSerialization.jsonObject(with: plain) as? [String: Any])
    var trials = try #require(members["search"] as? [[String: Any]])
    for index in 0..<2 { trials[index]["doubt"] = Headroom.reason }
    members["search"] = trials
    let found = try JSONDecoder().decode(
      Recommendation.self, from: JSONSerialization.data(withJSONObject: members))
    let numbers = "\(found.search[0].trial), \(found.search[1].trial)"
    #expect(
      RecommendationText.text(found)
        .contains("\nNo verdict on trials \(numbers): \(Headroom.reason).\n"))
    let summary = SummaryMarkdown.text([found], directory: "Reports/example")
    #expect(summary.contains("\n- no verdict on trials \(numbers): \(Headroom.reason)\n"))
  }

  /// Names from outside can not break the page.
  @Test func markUpInNamesIsTakenAsText() throws {
    let rows = try TrialsFile.read(Self.folder.appending(path: TrialsFile.fileName).path()).records
    let hostile = rows.map { record in
      var record = record
      record.host = "a|b\n# <script>"
      return record
    }
    let text = SummaryMarkdown.text(
      try Recommendation.derive(from: hostile), directory: "Reports/example")
    #expect(text.hasPrefix("# kvmtune: eno1 on a|b # \\<script\\>\n"))
    #expect(!text.contains("\n# <"))
  }
}
