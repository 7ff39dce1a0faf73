import Foundation
import Measurement
import Netlink
import TestSupport
import Testing

@testable import Sweep

extension TargetFingerprint {
  /// Of a host that is made up, with a NIC that no host has, so that none is asked.
  static var sample: TargetFingerprint {
    var sample = TargetFingerprint(.sample, nic: "nosuch0", driver: "ixgbe")
    sample.driverVersion = "5.1"
    sample.firmware = "0x80000"
    sample.kvmtuneVersion = Version.current
    return sample
  }
}

extension HostEnvironment {
  static var sample: HostEnvironment {
    HostEnvironment(
      hostName: "kvm1", kernel: "6.1", machine: "x86_64", cpuModel: "A CPU", onlineCPUs: "0-3",
      numaNodes: "0", governor: nil, bootID: "b", loadAverage: "0.00 0.00 0.00")
  }
}

/// What a run was found on, until when it holds, and what ends it. Hosts and runs are made up.
@Suite struct ExpiryTests {
  private let folder: TemporaryFolder
  private let directory: RunDirectory
  private static let day = 86_400.0
  /// When the last sample of the table was taken.
  private static let found = Date(timeIntervalSince1970: 1_767_225_600)

  init() throws {
    folder = try TemporaryFolder()
    directory = RunDirectory(path: folder.path + "/run")
  }

  /// A manifest of the made-up host; the profile's file is not there unless a test makes it.
  private func manifest(_ fingerprint: TargetFingerprint? = .sample) -> RunManifest {
    var manifest = RunManifest(
      run: "small-1", startedAt: "2026-01-01T12:00:00Z", profileFile: folder.path + "/p.yaml",
      profile: ProfileText().text, nic: nil, seed: 1)
    manifest.environment = .sample
    manifest.fingerprint = fingerprint
    return manifest
  }

  private func expiry(
    of manifest: RunManifest?, host: String = "kvm1"
  ) throws -> Expiry {
    let found = try #require(
      Expiry([.sample(host: host, at: UInt64(Self.found.timeIntervalSince1970))], manifest))
    return found
  }

  private func warning(
    of manifest: RunManifest?, afterDays days: Double = 1,
    _ change: (inout HostEnvironment) -> Void = { _ in }
  ) throws -> String? {
    var host = HostEnvironment.sample
    change(&host)
    return try expiry(of: manifest)
      .warning(on: host, now: Self.found.addingTimeInterval(days * Self.day))
  }

  @Test func whatItWasFoundOnAndUntilWhenItHolds() throws {
    var fingerprint = TargetFingerprint.sample
    fingerprint.qemu = "10.0.2"
    fingerprint.profileDigest = SHA256.hexadecimal(of: "abc")
    #expect(
      try expiry(of: manifest(fingerprint)).sentence
        == "Found on 2026-01-01 on kvm1: kernel 6.1; A CPU; nosuch0 (ixgbe, 5.1, firmware 0x80000); "
        + "QEMU 10.0.2; kvmtune \(Version.current); profile \(folder.path)/p.yaml "
        + "(SHA-256 ba7816bf8f01). It holds until one of these changes, and for 180 days at most: "
        + "until 2026-06-30.")
    #expect(try expiry(of: nil).sentence == nil)
    #expect(Expiry([], manifest()) == nil)
  }

  @Test func onTheSameHostItHolds() throws {
    #expect(try warning(of: manifest()) == nil)
    #expect(try warning(of: manifest()) { $0.bootID = "c" } == nil)
  }

  @Test func whatHasChangedEndsIt() throws {
    #expect(
      try warning(of: manifest()) { $0.kernel = "6.2" } == "expired: the kernel was 6.1 and is 6.2")
    #expect(
      try warning(of: manifest()) { $0.cpuModel = "B" } == "expired: the CPU was A CPU and is B")
    var older = TargetFingerprint.sample
    older.kvmtuneVersion = "0.0.1"
    #expect(
      try warning(of: manifest(older)) { $0.kernel = "6.2" } == "expired: the kernel was 6.1 and "
        + "is 6.2; kvmtune was 0.0.1 and is \(Version.current)")
  }

  @Test func whatIsUnknownOfEitherIsNoChange() throws {
    #expect(try warning(of: manifest()) { $0.cpuModel = "" } == nil)
    var fingerprint = TargetFingerprint.sample
    fingerprint.cpuModel = nil
    #expect(try warning(of: manifest(fingerprint)) == nil)
  }

  @Test func everyPartOfAFingerprintIsCompared() {
    let changes: [(words: String, change: (inout TargetFingerprint) -> Void)] = [
      ("the driver of nosuch0 was ixgbe and is ice", { $0.driver = "ice" }),
      ("the driver's version was 5.1 and is 5.2", { $0.driverVersion = "5.2" }),
      ("the firmware of nosuch0 was 0x80000 and is 0x80001", { $0.firmware = "0x80001" }),
      ("QEMU was 9.2 and is 10.0", { $0.qemu = "10.0" }),
      ("the profile's SHA-256 was aa and is bb", { $0.profileDigest = "bb" }),
    ]
    var before = TargetFingerprint.sample
    (before.qemu, before.profileDigest) = ("9.2", "aa")
    for (words, change) in changes {
      var now = before
      change(&now)
      #expect(before.changes(to: now) == [words])
    }
    #expect(before.changes(to: before) == [])
  }

  @Test func afterHalfAYearItHoldsNoMore() throws {
    #expect(try warning(of: manifest(), afterDays: 179.9) == nil)
    let late = "expired: it was found on 2026-01-01, over 180 days ago"
    #expect(try warning(of: manifest(), afterDays: 180.1) == late)
    #expect(try warning(of: nil, afterDays: 180.1) == late)
    #expect(try warning(of: nil, afterDays: 1) == nil)
  }

  @Test func anotherHostIsNotComparedWith() throws {
    let words =
      "this was found on another host, kvm1; whether it still holds there cannot be told on kvm2"
    for manifest in [manifest(), nil] {
      let warning = try warning(of: manifest, afterDays: 400) { host in
        host.hostName = "kvm2"
        host.kernel = "6.2"
      }
      #expect(warning == words)
    }
  }

  @Test func aProfileThatWasChangedEndsIt() throws {
    var fingerprint = TargetFingerprint.sample
    fingerprint.profileDigest = SHA256.hexadecimal(of: ProfileText().text)
    let file = try folder.file("p.yaml", ProfileText().text)
    #expect(try warning(of: manifest(fingerprint)) == nil)
    _ = try folder.file("p.yaml", ProfileText().text + "\n")
    #expect(
      try warning(of: manifest(fingerprint))?.hasPrefix("expired: the profile's SHA-256 was ")
        == true)
    try FileManager.default.removeItem(atPath: file)
    #expect(try warning(of: manifest(fingerprint)) == nil)
    // What never ends is no profile.
    var endless = manifest(fingerprint)
    endless.profileFile = "/dev/zero"
    #expect(try warning(of: endless) == nil)
  }

  // MARK: run.json

  @Test func whatIsNotKnownIsAbsentFromTheFile() throws {
    var host = HostEnvironment.sample
    host.cpuModel = ""
    let told = DriverInformation(driver: "veth", version: "6.1", firmware: "N/A", bus: "")
    let bare = TargetFingerprint(host, nic: "lab:veth", driver: "veth", told: told)
    try directory.create(manifest(bare))
    let text = try String(contentsOfFile: directory.manifest, encoding: .utf8)
    for member in ["driverVersion", "firmware", "qemu", "profileDigest"] {
      #expect(!text.contains("\"\(member)\""), "\(text)")
    }
    #expect(try directory.readManifest().fingerprint == bare)
    #expect(bare.cpuModel == nil && bare.driver == "veth")
  }

  @Test func anOlderManifestTellsWhatItCan() throws {
    try directory.create(manifest(nil))
    let old = try directory.readManifest()
    #expect(old.fingerprint == nil)
    #expect(
      try expiry(of: old).sentence?.hasPrefix(
        "Found on 2026-01-01 on kvm1: kernel 6.1; A CPU; nosuch0 (ixgbe); kvmtune ") == true)
    #expect(try warning(of: old) { $0.kernel = "7" } == "expired: the kernel was 6.1 and is 7")
  }

  @Test func severalTargetsAreNamedAndAskedFor() throws {
    var second = TargetFingerprint.sample
    (second.nic, second.driver, second.firmware) = ("nosuch1", "ice", nil)
    var several = manifest(nil)
    several.targets = [.sample, second]
    try directory.create(several)
    let read = try directory.readManifest()
    #expect(read.targets == [.sample, second] && read.fingerprint == nil)
    #expect(
      try expiry(of: read).sentence?.contains(
        "; A CPU; nosuch0 (ixgbe, 5.1, firmware 0x80000); nosuch1 (ice, 5.1); kvmtune ") == true)
    // What is of the whole host is said once.
    #expect(try warning(of: read) { $0.kernel = "7" } == "expired: the kernel was 6.1 and is 7")
    several.targets = [second]
    #expect(several.fingerprint == second && several.fingerprints == nil)
  }

  @Test func aForgedFingerprintIsOneShortLine() throws {
    var forged = TargetFingerprint.sample
    forged.kernel = "6\n# <b>" + String(repeating: "x", count: 1_000_000)
    forged.nic = "../../" + String(repeating: "n", count: 300)
    let sentence = try #require(try expiry(of: manifest(forged)).sentence)
    #expect(sentence.count < 2100 && !sentence.contains("\n"))
    let warning = try #require(try warning(of: manifest(forged)))
    #expect(warning.count < 2100 && warning.hasPrefix("expired: the kernel was 6 # <b>"))
  }

  @Test(arguments: [
    ("\"fingerprint\" : {}", "'host' is missing"),
    ("\"fingerprint\" : 7", "'fingerprint' has a value of another kind"),
    ("\"fingerprint\" : {\"host\" : []}", "'fingerprint.host' has a value of another kind"),
  ]) func aDamagedFingerprint(member: String, complaint: String) throws {
    try directory.create(manifest(nil))
    let text = try String(contentsOfFile: directory.manifest, encoding: .utf8)
    try text.replacing("\"formatVersion\"", with: member + ",\n\"formatVersion\"")
      .write(toFile: directory.manifest, atomically: true, encoding: .utf8)
    let error = try #require(throws: RunDirectoryError.self) { try directory.readManifest() }
    #expect(error.description == "\(directory.manifest) is damaged: \(complaint)")
  }
}

extension Recommendation {
  static func sample(host: String, at second: UInt64) -> Recommendation {
    Recommendation(
      run: "r", host: host, nic: "nosuch0", driver: "ixgbe", objective: "o", seed: 1,
      decision: .changeNothing, reason: "nothing was tried", knobs: [], effect: nil, noise: nil,
      checks: [], search: [], samples: SampleCount(valid: 0, invalid: 0, reasons: [:]),
      firstSampleAt: Timestamp.text(second * 1_000_000_000),
      lastSampleAt: Timestamp.text(second * 1_000_000_000))
  }
}
