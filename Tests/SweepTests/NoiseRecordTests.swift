import Foundation
import Knobs
import Measurement
import TestSupport
import Testing

@testable import Sweep

/// What is kept of a host's noise, for how long, and for whom.
@Suite struct NoiseRecordTests {
  private let folder: TemporaryFolder
  private let state: StateFolder

  init() throws {
    folder = try TemporaryFolder()
    state = StateFolder(path: folder.path + "/state")
  }

  private static let noise = NoiseProfile(
    TrialEvidenceText.still, Objective.throughput, sizes: .init(search: 3, confirming: 6))

  private func fingerprint() -> NoiseRecord.Fingerprint {
    NoiseRecord.Fingerprint(
      target: .sample, cpus: 4, workloads: ["bulk", "echo"], trafficDigest: "0a",
      metric: "throughput_bps",
      slice: 0.02, pairs: 6, blocks: 6, confirmingBlocks: 12)
  }

  private func record(_ measuredAt: Date = .now, objections: [String] = []) -> NoiseRecord {
    NoiseRecord(
      Self.noise, of: fingerprint(), HostFitness(steal: 0.01, lossAtLowLoad: nil),
      objections: objections, measuredAt: measuredAt)
  }

  @Test func whatIsKeptIsFound() throws {
    let record = record()
    try record.keep(in: state)
    #expect(try NoiseRecord.kept(of: fingerprint(), in: state) == record)
    #expect(try FileManager.default.contentsOfDirectory(atPath: state.path).count == 1)
  }

  @Test func nothingIsFoundWhereNothingIsKept() throws {
    #expect(try NoiseRecord.kept(of: fingerprint(), in: state) == nil)
  }

  @Test func theNewerTakesThePlaceOfTheOlder() throws {
    try record(.now.addingTimeInterval(-1000)).keep(in: state)
    let newer = record()
    try newer.keep(in: state)
    #expect(try NoiseRecord.kept(of: fingerprint(), in: state) == newer)
    #expect(try FileManager.default.contentsOfDirectory(atPath: state.path).count == 1)
  }

  @Test func afterThirtyDaysItIsForgotten() throws {
    let day = 86_400.0
    for (days, isFound) in [(30.1, false), (29.9, true), (-1, false)] {
      try record(.now.addingTimeInterval(-days * day)).keep(in: state)
      #expect((try NoiseRecord.kept(of: fingerprint(), in: state) != nil) == isFound, "\(days)")
    }
  }

  @Test func anotherHostOrTargetHasItsOwn() throws {
    try record().keep(in: state)
    let changes: [(inout NoiseRecord.Fingerprint) -> Void] = [
      { $0.target.host = "kvm2" }, { $0.target.kernel = "6.2" }, { $0.target.cpuModel = "B" },
      { $0.target.nic = "eno2" }, { $0.target.driver = "ice" }, { $0.target.firmware = "2" },
      { $0.target.kvmtuneVersion = "9" }, { $0.cpus = 5 }, { $0.workloads = ["bulk"] },
      { $0.metric = "delivered_pps" }, { $0.slice = 0.01 }, { $0.pairs = 8 },
      { $0.trafficDigest = "0b" }, { $0.blocks = 8 }, { $0.confirmingBlocks = 20 },
    ]
    for change in changes {
      var other = fingerprint()
      change(&other)
      #expect(try NoiseRecord.kept(of: other, in: state) == nil, "\(other)")
    }
  }

  /// Traffic of the same name may be other traffic, and more blocks see smaller effects.
  @Test func anotherProfileHasItsOwn() throws {
    func fingerprint(_ text: ProfileText) throws -> NoiseRecord.Fingerprint {
      try NoiseRecord.Fingerprint(text.parse(), on: .sample)
    }
    func workload(_ more: String) -> ProfileText {
      ProfileText(workloads: "workloads: [{name: a, datapath: packet, kind: flood\(more)}]")
    }
    func guest(_ more: String) -> ProfileText {
      ProfileText(
        target: "target: {guest: {model: virtio\(more)}}",
        workloads: "workloads: [{datapath: udp, kind: flood}]")
    }
    let profiles = [
      workload(""), workload(", frame: mtu"), workload(", threads: 2"),
      ProfileText(rest: "sampling: {blocks: 8}"),
      ProfileText(rest: "sampling: {confirming-blocks: 20}"),
      ProfileText(target: "target: {nic: eno1, peer: eno2}"),
      ProfileText(target: "target: {nic: eno1, peer: eno3}"),
      guest(""), guest(", queues: 2"), guest(", cpus: 3"),
    ]
    let prints = try profiles.map(fingerprint)
    #expect(Set(prints).count == prints.count)
    #expect(try profiles.map(fingerprint) == prints)
    // A time is spent by the noise: what follows from it does not tell whose it is.
    #expect(
      try fingerprint(ProfileText(rest: "sampling: {time: 40s}"))
        == fingerprint(ProfileText(rest: "sampling: {time: 80s}")))
  }

  /// A run that goes on keeps what it had measured days ago.
  @Test func anOlderOneTakesNoPlace() throws {
    let newer = record()
    try newer.keep(in: state)
    try record(.now.addingTimeInterval(-1000)).keep(in: state)
    #expect(try NoiseRecord.kept(of: fingerprint(), in: state) == newer)
  }

  @Test func severalAreOneDocument() throws {
    let records = [record(), record(objections: ["x"])]
    let decoder = JSONDecoder()
    decoder.dateDecodingStrategy = .iso8601
    let text = try NoiseRecord.json(records)
    #expect(try decoder.decode([NoiseRecord].self, from: Data(text.utf8)) == records)
  }

  @Test(arguments: ["", "{}", "[1]", "{\"formatVersion\": 3}"]) func damageCountsForNothing(
    text: String
  ) throws {
    try record().keep(in: state)
    let file = try fingerprint().file(in: state)
    try text.write(toFile: file, atomically: true, encoding: .utf8)
    #expect(try NoiseRecord.kept(of: fingerprint(), in: state) == nil)
    try record().keep(in: state)
    #expect(try NoiseRecord.kept(of: fingerprint(), in: state) != nil)
  }

  /// The time of a trial goes into the blocks and pairs that the noise makes best of it.
  @Test func aTimeIsSpentByTheNoise() throws {
    let profile = try ProfileText(rest: "sampling: {time: 40s}").parse()
    let plan = try #require(Self.noise.plan(within: 40))
    let planned = profile.sampling.planned(by: Self.noise)
    #expect(planned.isPlanned && planned.pairs == plan.slices)
    #expect(planned.blocks == max(6, plan.blocks) && planned.blocks.isMultiple(of: 2))
    #expect(planned.confirmingBlocks == 2 * planned.blocks)
    let longer = try #require(Self.noise.plan(within: 80))
    #expect(longer.reach < plan.reach)
    #expect(planned.seconds(ofBlocks: 2 * planned.blocks, workloads: 3) == 80)

    #expect(profile.sampling.planned(by: nil) == profile.sampling)
    let usual = try ProfileText().parse().sampling
    #expect(usual.planned(by: Self.noise) == usual && !usual.isPlanned)
    #expect(usual.seconds(ofBlocks: 6, workloads: 2) == 6 * 2 * 2 * 9 * 0.02)
  }

  @Test func itsLineTellsTheSmallestVisibleEffect() throws {
    let moment = Date(timeIntervalSince1970: 1_767_225_600)
    let line = record(moment).line
    let visible = try #require(Self.noise.blindest?.smallestVisible)
    let percent = String(format: "%.2g", visible * 100)
    #expect(
      line == "noise, measured on 2026-01-01: effects from \(percent) % on can be seen (bulk)")
    #expect(
      record(moment, objections: ["x"]).line.hasSuffix(
        "; the host was not fit, and taken on with --force"))
  }

  @Test func aRunThatIsTakenOnSaysSoInItsManifest() throws {
    let directory = RunDirectory(path: folder.path + "/run")
    let manifest = RunManifest(
      run: "small-1", startedAt: "2026-01-01T12:00:00Z", profileFile: "p.yaml",
      profile: ProfileText().text, nic: nil, seed: 1)
    try directory.create(manifest)
    #expect(try directory.readManifest().takenOn == nil)
    try directory.note { $0.takenOn = ["a steal of 31 %"] }
    let noted = try directory.readManifest()
    #expect(noted.takenOn == ["a steal of 31 %"])
    #expect(noted.profile == manifest.profile && noted.seed == manifest.seed)
  }
}

extension Objective {
  fileprivate static var throughput: Objective {
    guard let objective = try? Objective(.maximise, .throughput) else {
      preconditionFailure("a throughput may be maximised")
    }
    return objective
  }
}

/// A trial in which default and default differ by a little.
private enum TrialEvidenceText {
  static var still: TrialEvidence {
    var noise = SeededGenerator(seed: 5)
    let records = (0..<12).flatMap { block in
      (0..<6).flatMap { sample in
        [Role.baseline, .noise].map { role in
          TrialRecord(
            run: "r", host: "h", nic: "n", driver: "d", objective: "o", seed: 1,
            datapath: "packet", workload: "bulk", frameBytes: 64, trial: 0, block: block,
            role: role,
            sample: sample, requested: .baseline, effective: .baseline,
            measured: Sample(
              startedAt: UInt64(block * 1000 + sample * 40) * 1_000_000, duration: 0.02,
              metrics: [.throughput: 1e9 * (1 + 0.01 * noise.normal())]))
        }
      }
    }
    guard let trial = try? Evidence(records).trials.first else {
      preconditionFailure("the rows are of one trial")
    }
    return trial
  }
}
