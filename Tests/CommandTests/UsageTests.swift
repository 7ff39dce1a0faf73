import Foundation
import TestSupport
import Testing

/// Words of the command line that are wrong, and what takes a privilege.
@Suite struct UsageTests {
  private let kvmtune: Kvmtune

  init() throws { kvmtune = try Kvmtune() }

  @Test(arguments: [
    (["swep"], "Unexpected argument 'swep'", "see 'kvmtune help'"),
    (["--bogus"], "Unknown option '--bogus'", "see 'kvmtune help'"),
    (
      ["sweep"], "name a profile, such as Profiles/lab.yaml, or go on with --resume RUN",
      "see 'kvmtune help sweep'"
    ),
    (["sweep", "--bogus"], "Unknown option '--bogus'", "see 'kvmtune help sweep'"),
    (["sweep", "a", "b"], "Unexpected argument 'b'", "see 'kvmtune help sweep'"),
    (["sweep", "a", "--seed", "one"], "The value 'one' is invalid for '--seed <seed>'", ""),
    (["sweep", "a", "--resume", "b"], "--resume takes profile, NIC, seed and directory", ""),
    (["sweep", "--resume", "b", "--dry-run"], "--resume takes profile, NIC", ""),
    (["sweep", "a", "--nic", ""], "--nic is empty", "see 'kvmtune help sweep'"),
    (["sweep", "a", "--output", ""], "--output is empty", "see 'kvmtune help sweep'"),
    (["noise", "--bogus"], "Unknown option '--bogus'", "see 'kvmtune help noise'"),
    (["noise", "a", "b"], "Unexpected argument 'b'", "see 'kvmtune help noise'"),
    (["noise", "--nic", ""], "--nic is empty", "see 'kvmtune help noise'"),
    (["noise", "--seconds", "0"], "--seconds must be from 1 to 3600", ""),
    (["noise", "--seconds", "nan"], "--seconds must be from 1 to 3600", ""),
    (["noise", "--seconds", "2s"], "The value '2s' is invalid for '--seconds <seconds>'", ""),
    (["noise", "--format", "csv"], "The value 'csv' is invalid for '--format <format>'", ""),
    (["recommend"], "Missing expected argument '<run>': A run directory, or a trials.csv", ""),
    (
      ["inspect", "--format", "xml"],
      "The value 'xml' is invalid for '--format <format>'. Please provide one of 'text' and 'json'",
      ""
    ),
    (["bench", "--lab", "moon"], "The value 'moon' is invalid for '--lab <lab>'", ""),
    (["bench", "--frame", "64kB"], "The value '64kB' is invalid for '--frame <frame>'", ""),
    (["bench", "--rate", "3"], "The value '3' is invalid for '--rate <rate>'", ""),
    (
      ["bench", "--window", "3"],
      "The value '3' is invalid for '--window <window>': Length of one window: 500ms, 2s", ""
    ),
    (["bench", "--window", "1ms"], "--window must be from 5ms to 3600s", ""),
    (["bench", "--windows", "0"], "--windows must be from 1 to 100000", ""),
    (["bench", "--set", "mtu"], "The value 'mtu' is invalid for '--set <setting>'", ""),
    (["bench", "--set", "mtuu=9000"], "there is no knob mtuu; did you mean mtu?", ""),
    (
      ["bench", "--datapath", "tcp", "--kind", "flood"],
      "workload tcp-flood: tcp does not carry flood, but stream, request-response, connect", ""
    ),
    (["bench", "--kind", "rate"], "workload packet-rate: rate needs a rate or a load", ""),
    (["bench", "--load", "50"], "The value '50' is invalid for '--load <load>'", ""),
    (["bench", "--load", "50%,"], "The value '50%,' is invalid for '--load <load>'", ""),
    (["bench", "--load", "120%"], "The value '120%' is invalid for '--load <load>'", ""),
    (
      ["bench", "--load", "50%", "--search", "throughput"],
      "--load searches by itself; leave out --search", ""
    ),
    (
      ["bench", "--datapath", "tcp", "--search", "throughput"],
      "--search is for frames on a schedule; leave out --kind", ""
    ),
    (["bench", "--nic", "eno1"], "--nic and --peer go together", ""),
    (["bench", "--lab", "veth", "--guest"], "give one of --lab, --guest and --nic", ""),
    (["bench", "--tests", "0"], "--tests must be from 1 to 1000", ""),
    (["bench", "--threads", "65"], "workload packet-flood: threads must be 1 … 64", ""),
    (["--generate-completion-script", "tcsh"], "Can't generate completion scripts for 'tcsh'", ""),
  ]) func wrongWords(arguments: [String], beginning: String, ending: String) throws {
    try kvmtune.run(arguments).expectComplaint(64, beginning, ending)
  }

  @Test(arguments: [
    (["sweep", "p.yaml"], "a sweep needs CAP_SYS_ADMIN, CAP_NET_ADMIN, CAP_NET_RAW: "),
    (["sweep", "p.yaml", "--dry-run"], "asking a target what it allows needs CAP_SYS_ADMIN, "),
    (["noise", "p.yaml"], "measuring noise needs CAP_SYS_ADMIN, CAP_NET_ADMIN, CAP_NET_RAW: "),
    (["bench"], "making a lab and sending frames needs CAP_SYS_ADMIN, CAP_NET_ADMIN, CAP_NET_RAW"),
    (["restore"], "restoring settings and removing labs needs CAP_SYS_ADMIN, CAP_NET_ADMIN: "),
    (["restore", "--dry-run"], "restoring settings and removing labs needs CAP_SYS_ADMIN, "),
  ]) func whatNeedsPrivileges(arguments: [String], beginning: String) throws {
    try kvmtune.profile()
    try kvmtune.runUnprivileged(arguments)
      .expectComplaint(77, beginning, "run it as root, or 'setcap' the program")
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: kvmtune.folder.path + "/state") == [])
  }

  @Test func whatNeedsNone() throws {
    let inspection = try kvmtune.runUnprivileged(["inspect", "--format", "json"])
    #expect(inspection.status == 0, "\(inspection.errors)")
    #expect(try inspection.json() is [[String: Any]])
    let recommendation = try kvmtune.runUnprivileged(["recommend", ExampleRun.folder])
    #expect(recommendation.status == 0, "\(recommendation.errors)")
  }

  @Test func aMissingNICIsToldWithThosePresent() throws {
    try kvmtune.run("inspect", "nosuch0")
      .expectComplaint(69, "there is no NIC nosuch0 here; there are: ")
  }

  /// `| head` goes away when it has enough: that must not end what may have a lab to remove.
  @Test func aReaderThatGoesAwayIsNoSignal() throws {
    let pipe = "mkfifo pipe; : < pipe & exec 3> pipe; wait; "
    let ended = try Program("/bin/sh").run(
      ["-c", pipe + #"env --default-signal=PIPE "$0" --help >&3"#, Program.kvmtune.path],
      in: kvmtune.folder.path)
    #expect(ended.status == 0, "\(ended.errors)")
  }
}
