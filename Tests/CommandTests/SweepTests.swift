import Foundation
import TestSupport
import Testing

/// Sweeps of the built program on labs of its own, and what comes between.
@Suite(.serialized, .enabled(if: LabTier.isOn, Comment(rawValue: LabTier.reason)))
struct SweepTests {
  private let kvmtune: Kvmtune

  init() throws { kvmtune = try Kvmtune() }

  private func isWhole(_ table: String) -> Bool { table.utf8.last == UInt8(ascii: "\n") }

  @Test func resultsAndProgressAreApart() throws {
    try kvmtune.profile()
    let ended = try kvmtune.start(
      "sweep", "p.yaml", "--output", "run", "--format", "json", "--force"
    ).wait()
    #expect(ended.status == 0, "\(ended.errors)")
    #expect(try ended.json() is [String: Any])
    #expect(ended.output == (try kvmtune.text("run/recommendation.json")))
    #expect(ended.complaint.first?.hasPrefix("txqueuelen is a negative control: ") == true)
    #expect(
      ended.complaint.dropFirst().first
        == "lab:veth: one configuration to try; samples go to run/trials.csv")
    // A restless machine is told, too.
    let progress = ended.complaint.dropFirst(2).filter { !$0.hasPrefix("taken on with --force: ") }
    #expect(progress.allSatisfy { $0.hasPrefix("trial ") }, "\(ended.errors)")
    #expect(!ended.errors.contains("\u{1b}"), "colours and bars are for terminals")
    #expect(try kvmtune.leftovers() == [])

    let again = try kvmtune.run("recommend", "run", "--format", "json")
    #expect(again.status == 0 && again.output == ended.output && again.errors.isEmpty)
    let text = try kvmtune.run("recommend", "run/")
    #expect(text.status == 0 && text.output.hasPrefix("lab:veth (veth): "))
    let summary = try kvmtune.text("run/summary.md")
    #expect(summary.contains("txqueuelen"))

    // What it was found on is kept, told at the end, and still so.
    let manifest = try kvmtune.text("run/run.json")
    #expect(manifest.contains("\"fingerprint\" : {") && manifest.contains("\"profileDigest\" : \""))
    for ending in [summary, text.output] {
      let last = try #require(ending.split(separator: "\n").last)
      #expect(last.hasPrefix("Found on 20") && last.contains("; lab:veth (veth"), "\(last)")
    }
    #expect(text.errors.isEmpty, "\(text.errors)")
  }

  /// Two metrics of one control knob: the default is told as a point of the front, and the table
  /// alone gives the same bytes.
  @Test func severalMetricsHaveAFront() throws {
    try kvmtune.profile(
      objective: "{pareto: [delivered_pps, cpu_ns_per_frame], subject-to: [loss_ratio <= 1]}")
    let ended = try kvmtune.start(
      "sweep", "p.yaml", "--output", "run", "--format", "json", "--force"
    ).wait()
    #expect(ended.status == 0, "\(ended.errors)")
    let document = try #require(try ended.json() as? [String: Any])
    let found = try #require(document["recommendations"] as? [[String: Any]])
    let front = try #require(found.first?["front"] as? [[String: Any]])
    #expect((front.first?["configuration"] as? [String: Any])?.isEmpty == true)
    #expect(front.count { $0["isKnee"] as? Bool == true } == 1)
    let again = try kvmtune.run("recommend", "run", "--format", "json")
    #expect(again.status == 0 && again.output == ended.output)
    #expect(try kvmtune.text("run/summary.md").contains("| `default` | – | – | "))
    #expect(try kvmtune.leftovers() == [])
  }

  @Test func aReaderThatGoesAwayDoesNotEndASweep() throws {
    try kvmtune.profile()
    let script = #"{ "$1" sweep p.yaml --output run --force; echo $? > status; } 2>&1 | head -n 2"#
    let shell = try kvmtune.sandboxed(script, [Program.kvmtune.path]).wait()
    #expect(shell.output.contains("\nlab:veth: "))
    #expect(try kvmtune.text("status") == "0\n")
    #expect(try kvmtune.text("run/recommendation.json").isEmpty == false)
  }

  @Test func aRunIsNotWrittenOver() throws {
    try kvmtune.profile()
    _ = try kvmtune.folder.file("run.json", "{}")
    try kvmtune.run("sweep", "p.yaml", "--output", ".")
      .expectComplaint(65, ". holds a run already; go on with --resume .")
  }

  /// A `--` ends the options, for people and for the worker alike.
  @Test func theRunDirectoryIsNamedAfterTheProfile() throws {
    try kvmtune.profile()
    let running = try kvmtune.start("sweep", "--", "p.yaml")
    try running.saying("trial 1/")
    running.process.terminate()
    let ended = try running.wait()
    #expect(ended.status == 2, "\(ended.errors)")
    let runs = try FileManager.default.contentsOfDirectory(
      atPath: kvmtune.folder.path + "/Reports")
    #expect(runs.count == 1 && runs[0].hasPrefix("tiny-"), "\(runs)")
  }

  @Test(arguments: [SIGINT, SIGTERM, SIGHUP]) func anInterruptedSweepGoesOn(signal: Int32) throws {
    try kvmtune.profile(blocks: 20)
    let running = try kvmtune.start("sweep", "p.yaml", "--output", "run", "--force")
    try running.saying("trial 2/")
    kill(running.process.processIdentifier, signal)
    let ended = try running.wait()
    #expect(ended.status == 2, "\(ended.errors)")
    #expect(ended.output.isEmpty)
    #expect(ended.complaint.last?.hasPrefix("kvmtune: interrupted by SIG") == true)
    #expect(
      ended.complaint.last?.hasSuffix(
        "what was measured is in run. Go on with: kvmtune sweep --resume run") == true)
    #expect(try kvmtune.leftovers() == [])
    let measured = try kvmtune.text("run/trials.csv")
    #expect(isWhole(measured) && measured.split(whereSeparator: \.isNewline).count > 24)
    // Once is enough to see that it goes on.
    guard signal == SIGINT else { return }
    let resumed = try kvmtune.start("sweep", "--resume", "run", "--force").wait()
    #expect(resumed.status == 0, "\(resumed.errors)")
    #expect(try kvmtune.text("run/trials.csv").hasPrefix(measured))
    #expect(try kvmtune.leftovers() == [])
  }

  @Test func aKilledWorkerIsToldAndGoneOnWith() throws {
    try kvmtune.profile()
    let running = try kvmtune.start("sweep", "p.yaml", "--output", "run")
    try running.saying("trial 1/")
    let supervisor = running.process.processIdentifier
    let children = try String(
      contentsOfFile: "/proc/\(supervisor)/task/\(supervisor)/children", encoding: .utf8)
    let worker = try #require(pid_t(children.trimmingCharacters(in: .whitespaces)))
    kill(worker, SIGKILL)
    let ended = try running.wait()
    #expect(ended.status == 70, "\(ended.errors)")
    #expect(
      ended.complaint.last == "kvmtune: the sweep's worker was ended by SIGKILL; everything is "
        + "put back. Go on with: kvmtune sweep --resume run")
    #expect(try kvmtune.leftovers() == [])
  }

  @Test func aFullDiskLosesNothing() throws {
    // Far more rows than there is room for, however few blocks each trial takes.
    try kvmtune.profile(knobs: "{txqueuelen: [default, 600, 500, 400, 300, 200, 100]}")
    try FileManager.default.createDirectory(
      atPath: kvmtune.folder.path + "/small", withIntermediateDirectories: true)
    let script = """
      mount -t tmpfs -o size=24k tmpfs "$0/small" || exit 9
      "$1" sweep p.yaml --output small/run --force > full.out 2> full.err; echo $? > full.status
      cp small/run/trials.csv full.csv
      mount -o remount,size=1m "$0/small" || exit 9
      "$1" sweep --resume small/run --force > more.out 2> more.err; echo $? > more.status
      cp small/run/trials.csv more.csv
      """
    let shell = try kvmtune.sandboxed("{ \(script)\n}", [Program.kvmtune.path]).wait()
    #expect(shell.status == 0, "\(shell.errors)")
    #expect(try kvmtune.text("full.status") == "74\n")
    #expect(try kvmtune.text("full.out").isEmpty)
    let complaint = try kvmtune.text("full.err").split(separator: "\n").last ?? ""
    let expected =
      #/kvmtune: small/run/trials.csv: No space left on device \((\d+) samples are safe in it\)\. Make room or mend the disk, then go on with: kvmtune sweep --resume small/run/#
    let match = try #require(complaint.wholeMatch(of: expected), "\(complaint)")
    let saved = try kvmtune.text("full.csv")
    #expect(isWhole(saved))
    let samples = try #require(Int(match.1))
    #expect(samples > 0 && saved.split(whereSeparator: \.isNewline).count == 1 + samples)
    let errors = try kvmtune.text("more.err")
    #expect(try kvmtune.text("more.status") == "0\n", "\(errors)")
    #expect(try kvmtune.text("more.csv").hasPrefix(saved))
    #expect(try kvmtune.leftovers() == [])
  }

  @Test(arguments: ["/proc/nosuch", "p.yaml/run"]) func aRunDirectoryThatCannotBeMade(
    output: String
  ) throws {
    try kvmtune.profile()
    try kvmtune.start("sweep", "p.yaml", "--output", output).wait()
      .expectComplaint(
        74, "cannot make the run directory \(output): ", "; choose another with --output")
    #expect(try kvmtune.leftovers() == [])
  }

  @Test func aStateFolderThatCannotBeMade() throws {
    try kvmtune.profile()
    let program = Program("/usr/bin/env", prefix: [Program.kvmtune.path])
    try program.run(
      ["sweep", "p.yaml", "--output", "run"], environment: ["KVMTUNE_STATE": "/proc/nosuch"],
      in: kvmtune.folder.path
    ).expectComplaint(74, "/proc/nosuch: ", "; name another folder in KVMTUNE_STATE")
    #expect(!FileManager.default.fileExists(atPath: kvmtune.folder.path + "/run"))
  }

  @Test func aStateFolderWithoutRoom() throws {
    try kvmtune.profile()
    let script = """
      mount -t tmpfs -o size=4k tmpfs "$0/state" && head -c 4096 /dev/zero > "$0/state/fill" \
      && exec "$1" sweep p.yaml --output run
      """
    try kvmtune.sandboxed(script, [Program.kvmtune.path]).wait()
      .expectComplaint(
        74, "write \(kvmtune.folder.path)/state/journal-", "; make room there, or mend the disk")
    #expect(!FileManager.default.fileExists(atPath: kvmtune.folder.path + "/run"))
    #expect(try kvmtune.leftovers() == [])
  }

  @Test func aValueOutOfTheDevicesRange() throws {
    try kvmtune.profile(knobs: "{mtu: [default, 70000]}")
    for arguments in [["--dry-run"], ["--output", "run"]] {
      try kvmtune.sandboxed(#"exec "$@""#, [Program.kvmtune.path, "sweep", "p.yaml"] + arguments)
        .wait()
        .expectComplaint(
          65, "p.yaml:4: mtu: 70000 is out of range; it takes 68 to 65535 bytes, ",
          "the nearest is 65535")
    }
    #expect(!FileManager.default.fileExists(atPath: kvmtune.folder.path + "/run"))
    #expect(try kvmtune.leftovers() == [])
  }

  @Test func aDryRunLeavesNothing() throws {
    try kvmtune.profile()
    let text = try kvmtune.start("sweep", "p.yaml", "--dry-run").wait()
    #expect(text.status == 0 && text.errors.isEmpty, "\(text.errors)")
    #expect(text.output.contains(#/txqueuelen=500\n +ip netns exec \S+ ip link set dev a /#))
    #expect(try kvmtune.leftovers() == [])
    #expect(!FileManager.default.fileExists(atPath: kvmtune.folder.path + "/Reports"))
  }

  @Test func aBenchIsTextOrJSON() throws {
    let words = ["bench", "--windows", "2", "--window", "20ms", "--set", "txqueuelen=500"]
    let program = [Program.kvmtune.path]
    let text = try kvmtune.sandboxed(#"exec "$@""#, program + words).wait()
    #expect(text.status == 0 && text.errors.isEmpty, "\(text.errors)")
    #expect(text.output.hasPrefix("veth packet-flood, txqueuelen=500\n\nMETRIC"))
    let json = try kvmtune.sandboxed(#"exec "$@""#, program + words + ["--format", "json"]).wait()
    let windows = try #require(try json.json() as? [[String: Any]])
    #expect(windows.count == 2 && windows.allSatisfy { $0["delivered_pps"] is NSNumber })
    #expect(try kvmtune.leftovers() == [])
  }

  @Test func nothingToRestore() throws {
    let text = try kvmtune.start("restore").wait()
    #expect(text.status == 0 && text.output == "nothing to put back\n" && text.errors.isEmpty)
    let json = try kvmtune.start("restore", "--dry-run", "--format", "json").wait()
    #expect(json.status == 0)
    #expect((try json.json() as? [String: Any])?["dryRun"] as? Bool == true)
  }

  /// A journal that nobody can read is told, kept, and a finding.
  @Test func whatCannotBeRestoredIsAFinding() throws {
    _ = try kvmtune.folder.file("state/journal-1.jsonl", "garbage\n")
    let ended = try kvmtune.start("restore").wait()
    #expect(ended.status == 1)
    #expect(ended.output.hasPrefix("not put back: line 1 cannot be read\n"))
    #expect(ended.complaint.count == 1)
  }
}
