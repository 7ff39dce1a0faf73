import Foundation
import TestSupport
import Testing

/// A run that was recorded, for tests that read.
enum ExampleRun {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "ReportTests/Example").path

  static func table() throws -> String {
    try String(contentsOfFile: folder + "/trials.csv", encoding: .utf8)
  }
}

/// Files that are wrong: one line with the place, status 65, nothing on standard output.
@Suite struct InputFileTests {
  private let kvmtune: Kvmtune

  init() throws { kvmtune = try Kvmtune() }

  @Test func aProfileIsWrongInManyWays() throws {
    let good = try String(contentsOfFile: kvmtune.profile(), encoding: .utf8)
    let cases = [
      ("knobs:", "nkobs:", "p.yaml:4: a profile has no key 'nkobs'; did you mean 'knobs'?"),
      ("txqueuelen", "txqlen", "p.yaml:4: there is no knob 'txqlen'; "),
      ("5ms", "5", "p.yaml:6: slice must be a number with a unit (ms, s) such as 20ms, not '5'"),
      ("5ms", "5m", "p.yaml:6: slice must be a number with a unit (ms, s) such as 20ms, not '5m'"),
      ("name: tiny", "name: [", "p.yaml:3: is not YAML: "),
      (good, "", "p.yaml: is empty; "),
    ]
    for (right, wrong, complaint) in cases {
      _ = try kvmtune.folder.file("p.yaml", good.replacing(right, with: wrong))
      for arguments in [
        ["sweep", "p.yaml"], ["sweep", "p.yaml", "--dry-run"], ["noise", "p.yaml"],
      ] {
        try kvmtune.run(arguments).expectComplaint(65, complaint)
      }
    }
    #expect(!FileManager.default.fileExists(atPath: kvmtune.folder.path + "/Reports"))
  }

  @Test func aProfileThatIsNotThere() throws {
    try kvmtune.run("sweep", "nosuch.yaml")
      .expectComplaint(65, "nosuch.yaml: cannot be read; is the path right?")
    try kvmtune.run("noise", "nosuch.yaml")
      .expectComplaint(65, "nosuch.yaml: cannot be read; is the path right?")
    try kvmtune.run("noise").expectComplaint(65, "Profiles/lab.yaml: cannot be read; ")
    try kvmtune.run("sweep", ".").expectComplaint(65, ".: cannot be read; is the path right?")
  }

  @Test func aRunThatIsNotThere() throws {
    try kvmtune.run("sweep", "--resume", "nosuch")
      .expectComplaint(65, "nosuch is not a run directory: it has no run.json")
    try kvmtune.run("recommend", "nosuch")
      .expectComplaint(65, "there is no nosuch/trials.csv; name a run directory, or a trials.csv")
  }

  @Test func aTableIsWrongInManyWays() throws {
    let good = try ExampleRun.table()
    var lines = good.split(whereSeparator: \.isNewline).map(String.init)
    let header = lines[0] + "\r\n"
    lines[4] = lines[4].replacing(",true,", with: ",perhaps,")
    let cases = [
      (String(good.dropLast(20)), "t.csv: line \(lines.count): the table ends within this line"),
      (
        lines.joined(separator: "\r\n") + "\r\n",
        "t.csv: line 5, column 24 (valid): 'perhaps' is not"
      ),
      ("a,b\n1,2\n", "t.csv: line 1, column 1 (a): there is no such column"),
      (header + "1,2\n", "t.csv: line 2"),
      ("", "t.csv: line 1: the table is empty"),
      ("\"\n", "t.csv: line 1, column 1: a quotation mark that is never closed"),
    ]
    for (text, complaint) in cases {
      _ = try kvmtune.folder.file("t.csv", text)
      try kvmtune.run("recommend", "t.csv").expectComplaint(65, complaint)
    }
    _ = try kvmtune.folder.file("t.csv", header)
    try kvmtune.run("recommend", "t.csv").expectComplaint(2, "t.csv has no samples yet")
  }

  @Test func aTableThatMayNotBeRead() throws {
    let table = try kvmtune.folder.file("t.csv", try ExampleRun.table())
    try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: table)
    try kvmtune.runUnprivileged(["recommend", "t.csv"])
      .expectComplaint(74, "t.csv: Permission denied")
  }

  /// Somebody else's table can neither paint on the terminal nor put words into a shell.
  @Test func aForgedTable() throws {
    let good = try ExampleRun.table()
    _ = try kvmtune.folder.file("t.csv", good.replacing("eno1", with: "e\u{1b}[31m$(reboot)"))
    let ended = try kvmtune.run("recommend", "t.csv")
    #expect(ended.status == 0, "\(ended.errors)")
    #expect(!ended.output.contains("\u{1b}"))
    #expect(ended.output.contains("\n  ip link set dev $NIC mtu 9000\n"))
  }

  @Test func theSameRecommendationByteForByte() throws {
    let ended = try kvmtune.run("recommend", ExampleRun.folder, "--format", "json")
    let recorded = try String(
      contentsOfFile: ExampleRun.folder + "/recommendation.json", encoding: .utf8)
    #expect(ended.status == 0 && ended.output == recorded)
  }

  /// The kernel of the run is another: that is told beside the recommendation, which stays.
  @Test func aRecommendationThatExpired() throws {
    let recorded = ExampleTests.root.appending(path: "Reports/example")
    func here(_ file: String) throws -> String {
      try String(contentsOfFile: file, encoding: .utf8).trimmingCharacters(in: .newlines)
    }
    let host = try here("/proc/sys/kernel/hostname")
    let table = try ExampleRun.table().replacing(",kvm1,", with: ",\(host),")
    _ = try kvmtune.folder.file("trials.csv", table)
    let manifest = try here(recorded.path + "/run.json").replacing("\"vm\"", with: "\"\(host)\"")
      .replacing(#/"kernel" : "[^"]*"/#, with: "\"kernel\" : \"2.6.32\"")
    let alone = try kvmtune.run("recommend", ".", "--format", "json")
    _ = try kvmtune.folder.file("run.json", manifest)
    let stopped = try kvmtune.run("recommend", ".", "--format", "json")
    #expect(stopped.status == 2 && stopped.output == alone.output)
    #expect(stopped.errors.contains("go on with: kvmtune sweep --resume ."), "\(stopped.errors)")
    _ = try kvmtune.folder.file("recommendation.json", alone.output)
    let ended = try kvmtune.run("recommend", ".", "--format", "json")
    #expect(ended.status == 0 && ended.output == alone.output)
    let kernel = try here("/proc/sys/kernel/osrelease")
    let words = "expired: the kernel was 2.6.32 and is \(kernel)"
    #expect(ended.complaint.count == 1 && ended.errors.hasPrefix(words), "\(ended.errors)")
    let text = try kvmtune.run("recommend", ".")
    #expect(text.output.contains("\nFound on 2026-01-01 on \(host): kernel 2.6.32; "))

    _ = try kvmtune.folder.file(
      "run.json", manifest.replacing("\"\(host)\"", with: "\"elsewhere\""))
    let foreign = try kvmtune.run("recommend", ".", "--format", "json")
    #expect(foreign.status == 0 && foreign.output == alone.output)
    #expect(foreign.errors.hasPrefix("this was found on another host, elsewhere; "))
  }

  @Test func aDamagedManifest() throws {
    _ = try kvmtune.folder.file("run.json", "{\"run\": ")
    try kvmtune.run("sweep", "--resume", ".")
      .expectComplaint(65, "./run.json is damaged: it is not whole JSON")
    _ = try kvmtune.folder.file("trials.csv", try ExampleRun.table())
    try kvmtune.run("recommend", ".")
      .expectComplaint(65, "./run.json is damaged: it is not whole JSON")
    #expect(try kvmtune.run("recommend", "trials.csv").status == 0)
  }
}
