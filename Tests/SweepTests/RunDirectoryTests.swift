import Foundation
import Measurement
import TestSupport
import Testing

@testable import Sweep

@Suite struct RunDirectoryTests {
  private let folder: TemporaryFolder
  private let directory: RunDirectory

  init() throws {
    folder = try TemporaryFolder()
    directory = RunDirectory(path: folder.path + "/deep/run")
  }

  private func manifest() -> RunManifest {
    RunManifest(
      run: "small-1", startedAt: "2026-01-01T12:00:00Z", profileFile: "p.yaml",
      profile: ProfileText().text, nic: "eno1", seed: UInt64.max)
  }

  private func complaint(about text: String) throws -> String {
    try FileManager.default.createDirectory(
      atPath: directory.path, withIntermediateDirectories: true)
    try Data(text.utf8).write(to: URL(filePath: directory.manifest))
    let error = try #require(throws: RunDirectoryError.self) { try directory.readManifest() }
    #expect(error.code == .badInput)
    return error.description.replacing(directory.manifest, with: "run.json")
  }

  @Test func whatIsWrittenIsReadBack() throws {
    let manifest = manifest()
    try directory.create(manifest)
    #expect(try directory.readManifest() == manifest)
    #expect(!directory.hasTable)
  }

  @Test func anotherMachineIsNotTheSame() {
    let here = HostEnvironment.read()
    var there = here
    #expect(here.difference(from: there) == nil)
    there.loadAverage = "9.00 9.00 9.00"
    there.bootID = "another"
    #expect(here.difference(from: there) == nil)
    there.kernel = "6.99"
    #expect(here.difference(from: there) == "on kernel \(here.kernel), this is 6.99")
  }

  @Test func aRunGoesOnAsItWasAsked() throws {
    try directory.create(manifest())
    let job = try SweepJob(resuming: directory.path)
    #expect(job.isResumed)
    #expect(job.profile.target == .nic("eno1", peer: nil))
    #expect(job.profile.search.seed == UInt64.max)
    #expect(job.manifest.run == "small-1")
  }

  @Test func aFolderWithoutARun() throws {
    let error = try #require(throws: RunDirectoryError.self) { try directory.readManifest() }
    #expect(error.description == "\(directory.path) is not a run directory: it has no run.json")
  }

  @Test func damage() throws {
    try directory.create(manifest())
    let whole = try String(contentsOfFile: directory.manifest, encoding: .utf8)
    #expect(try complaint(about: "") == "run.json is damaged: it is not whole JSON")
    #expect(
      try complaint(about: String(whole.dropLast(20)))
        == "run.json is damaged: it is not whole JSON")
    #expect(
      try complaint(about: whole.replacing("\"seed\"", with: "\"sede\""))
        == "run.json is damaged: 'seed' is missing")
    #expect(
      try complaint(about: whole.replacing(": 18446744073709551615", with: ": \"one\""))
        == "run.json is damaged: 'seed' has a value of another kind")
    #expect(try complaint(about: "[]") == "run.json is damaged: '' has a value of another kind")
  }

  @Test func aProfileThatWasDamagedInTheManifest() throws {
    var manifest = manifest()
    manifest.profile = "nmae: a\n"
    try directory.create(manifest)
    let error = try #require(throws: ProfileError.self) {
      try SweepJob(resuming: directory.path)
    }
    #expect(
      error.description == "\(directory.manifest) (profile):1: a profile has no key 'nmae'; "
        + "did you mean 'name'?")
  }

  @Test func aFormatOfTheFutureIsRefused() throws {
    var manifest = manifest()
    manifest.formatVersion = 2
    try directory.create(manifest)
    let error = try #require(throws: RunDirectoryError.self) { try directory.readManifest() }
    #expect(error.description.hasSuffix("was written by a newer kvmtune; use that one"))
  }

  @Test func aFolderThatCannotBeMade() throws {
    let file = try folder.file("file", "")
    let error = try #require(throws: RunDirectoryError.self) {
      try RunDirectory(path: file + "/run").create(manifest())
    }
    #expect(error.code == .inputOutput)
    #expect(error.description.hasSuffix("; choose another with --output"))
  }

  @Test func anOlderRunIsNotWrittenOver() throws {
    try directory.create(manifest())
    let profile = try folder.file("p.yaml", ProfileText().text)
    let error = try #require(throws: RunDirectoryError.self) {
      try SweepJob(profileFile: profile, nic: nil, seed: nil, output: directory.path)
    }
    #expect(
      error.description
        == "\(directory.path) holds a run already; go on with --resume \(directory.path)")
  }

  @Test func aTableWithoutItsRunIsNotTaken() throws {
    let profile = try folder.file("p.yaml", ProfileText().text)
    _ = try folder.file("trials.csv", "run\n")
    let error = try #require(throws: RunDirectoryError.self) {
      try SweepJob(profileFile: profile, nic: nil, seed: nil, output: folder.path)
    }
    #expect(
      error.description == "\(folder.path) holds a trials.csv without the run.json that it belongs "
        + "to; choose another folder with --output")
  }

  @Test(arguments: [
    ("small-1", UInt64.max, false), ("small-2", UInt64.max, true), ("small-1", 7, true),
  ])
  func rowsOfAnotherRunAreRefused(run: String, seed: UInt64, isForeign: Bool) throws {
    let row = TrialRecord(
      run: run, host: "h", nic: "n", driver: "d", objective: "o", seed: seed, datapath: "packet",
      workload: "bulk", frameBytes: 64, trial: 0, block: 0, role: .baseline, sample: 0,
      requested: .baseline, effective: .baseline,
      measured: Sample(startedAt: 0, duration: 1, metrics: [:]))
    var words = ""
    do {
      try manifest().refuseForeign([row], in: directory)
    } catch {
      words = error.description
    }
    #expect(words.isEmpty != isForeign)
    #expect(words.contains("samples of the run \(run) with the seed \(seed)") == isForeign)
  }

  @Test func aRunIsNamedAfterItsProfileAndTheTime() throws {
    let profile = try folder.file("p.yaml", ProfileText().text)
    let job = try SweepJob(profileFile: profile, nic: nil, seed: 9, output: nil)
    #expect(job.directory.path.wholeMatch(of: #/Reports/small-\d{8}-\d{6}/#) != nil)
    #expect(job.manifest.seed == 9 && !job.isResumed)
  }

  @Test func aProfileThatIsNoText() throws {
    let file = folder.path + "/p.yaml"
    try Data([0x6e, 0xff, 0xfe]).write(to: URL(filePath: file))
    let error = try #require(throws: ProfileError.self) {
      try SweepJob(profileFile: file, nic: nil, seed: nil, output: nil)
    }
    #expect(error.description == "\(file): is not UTF-8 text")
  }

  @Test(arguments: ["/nonexistent/p.yaml", "/"]) func aProfileThatCannotBeRead(file: String) throws
  {
    let error = try #require(throws: ProfileError.self) {
      try SweepJob(profileFile: file, nic: nil, seed: nil, output: nil)
    }
    #expect(error.description == "\(file): cannot be read; is the path right?")
  }
}
