import Foundation
import Knobs
import Measurement
import Sweep
import TestSupport
import Testing

/// The manual says what the program does: its names, examples and commands are held against it.
@Suite struct ManualTests {
  @Test func everyPageIsThereAndLinked() throws {
    let pages = try ManualPage.manual()
    let names = Set(pages.map { URL(filePath: $0.path).deletingPathExtension().lastPathComponent })
    for page in pages {
      for link in page.links { #expect(names.contains(link), "\(page) links to \(link)") }
      let lines = page.text.split(separator: "\n", omittingEmptySubsequences: false).count
      #expect(lines <= 300, "\(page) has \(lines) lines")
    }
    let start = try ManualPage(named: "kvmtune")
    #expect(Set(start.links) == names.subtracting(["kvmtune"]))
  }

  // MARK: Names

  /// The first table with a knob in each row is the catalogue, in its order.
  @Test func knobsPageIsTheCatalogue() throws {
    let rows = try ManualPage(named: "Knobs").tableRows.filter { row in
      row.count == 5 && Catalogue.knob(named: KnobName(rawValue: row[0])) != nil
    }
    #expect(rows.map { $0[0] } == Catalogue.knobs.map(\.name.rawValue))
    for (row, knob) in zip(rows, Catalogue.knobs) {
      #expect(row[2] == knob.scope.rawValue, "scope of \(knob.name)")
      #expect(row[3] == knob.disruption.rawValue, "disruption of \(knob.name)")
    }
  }

  @Test func everyFieldOfAGuestsNICIsExplained() throws {
    let knobs = KnownKnob.names.filter { $0.side == .definition }
    let rows = try ManualPage(named: "Knobs").tableRows.map { $0[0] }
    #expect(rows.filter { KnobName(rawValue: $0).side == .definition } == knobs.map(\.rawValue))
  }

  @Test func noUnknownKnobIsNamed() throws {
    let families = Set(
      KnownKnob.names.map(\.rawValue).filter { $0.contains(".") }.map { $0.prefix { $0 != "." } })
    #expect(families.count > 3)
    for page in try ManualPage.all() {
      for word in page.words where families.contains(word.prefix { $0 != "." }) {
        // `channels`, `ring.*`, `rps: [off]`, `feature.gso|tso` and `guest.yaml` are no names.
        guard word.contains("."), !word.hasSuffix(".yaml"),
          word.wholeMatch(of: /[\w.\-]+/) != nil
        else { continue }
        #expect(KnownKnob(named: KnobName(rawValue: word)) != nil, "\(page) names \(word)")
      }
    }
  }

  @Test func everyMetricIsExplained() throws {
    let rows = try ManualPage(named: "Measuring").tableRows.filter { row in
      row.count == 4 && Metric.named(row[0]) != nil
    }
    #expect(rows.map { $0[0] } == Metric.all.map(\.name))
  }

  @Test func everyColumnOfTheTableIsExplained() throws {
    let first = try ManualPage(named: "RunDirectory").tableRows.map { $0[0] }
    for column in TableSchema(knobs: [], metrics: [], hops: []).columns {
      #expect(first.contains(column), "\(column) is not explained")
    }
    let roles = Set(Role.allCases.map(\.rawValue))
    #expect(roles.subtracting(first) == ["race"])
  }

  /// The parser itself lists the keys that it knows when it meets one that nothing resembles.
  @Test(arguments: [
    "X: 1",
    "name: a\ntarget: {X: 1}",
    "name: a\ntarget: {guest: {X: 1}}",
    "name: a\ntarget: {lab: veth}\nworkloads: [{X: 1}]",
    head + "knobs: {mtu: {X: 1}}",
    head + "knobs: {mtu: [1500]}\nobjective: {X: 1}",
    head + "knobs: {mtu: [1500]}\nobjective: {maximise: throughput_bps}\nsearch: {X: 1}",
    head + "knobs: {mtu: [1500]}\nobjective: {maximise: throughput_bps}\nsampling: {X: 1}",
  ])
  func everyProfileKeyIsExplained(_ start: String) throws {
    let unknown = "nothing-that-resembles-any-key"
    let page = try ManualPage(named: "Profiles")
    let named = page.words.flatMap { $0.split { !($0.isLetter || $0 == "-") }.map(String.init) }
    do throws(ProfileError) {
      _ = try Profile(parsing: start.replacing("X", with: unknown), file: "test")
      Issue.record("the key was taken")
    } catch {
      let keys = try #require(error.message.components(separatedBy: "it has ").last)
      #expect(error.message.contains("it has "))
      for key in keys.components(separatedBy: ", ") {
        #expect(named.contains(key), "Profiles does not name '\(key)'")
      }
    }
  }

  private static let head = """
    name: a
    target: {lab: veth}
    workloads: [{datapath: packet, kind: flood}]

    """

  // MARK: Examples

  @Test func everyExampleProfileIsOne() throws {
    var count = 0
    for page in try ManualPage.all() {
      for block in page.codeBlocks where block.language == "yaml" {
        count += 1
        _ = try Profile(
          parsing: block.lines.joined(separator: "\n"), file: "\(page):\(block.line)")
      }
    }
    #expect(count >= 4)
    let files = try ManualPage.paths(in: "Profiles", suffix: ".yaml")
    #expect(files.count >= 3)
    for file in files { _ = try Profile(parsing: ManualPage(file).text, file: file) }
  }

  /// Of every command: that there is such a subcommand, and that its help names each long option.
  @Test func everyCommandIsOne() throws {
    var help: [String: String] = [:]
    var count = 0
    func check(_ line: String, in place: String) throws {
      let code = line.components(separatedBy: "#")[0].components(separatedBy: "|")[0]
      let words = code.split(separator: " ").map(String.init)
      // The tree of modules in CONTRIBUTING.md begins with the name and many spaces.
      guard words.first == "kvmtune", words.count > 1, !words[1].hasPrefix("-"),
        !line.contains("kvmtune  ")
      else { return }
      count += 1
      let subcommand = words[1] == "help" ? words.last ?? "" : words[1]
      let text = try help[subcommand] ?? Program.kvmtune.run(["help", subcommand]).output
      help[subcommand] = text
      #expect(text.contains("USAGE: kvmtune \(subcommand)"), "\(place): \(line)")
      let options = text.components(separatedBy: "\nUSAGE:").last ?? ""
      for word in words where word.hasPrefix("--") {
        #expect(options.contains("  \(word) "), "\(place): \(line)")
      }
    }
    for page in try ManualPage.all() {
      for block in page.codeBlocks {
        for line in block.lines { try check(line, in: "\(page):\(block.line)") }
      }
    }
    #expect(count > 20)
    for (subcommand, text) in help {
      for line in text.split(separator: "\n") where line.hasPrefix("  kvmtune ") {
        // A remark stands behind two spaces or more.
        let command = line.dropFirst(2).components(separatedBy: "  ")[0]
        try check(command, in: "help \(subcommand)")
      }
    }
  }
}
