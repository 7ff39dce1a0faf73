import Foundation
import Glibc
import Kernel
import Measurement
import Optimiser
import Report
import Sweep
import TestSupport
import Testing

/// A sweep that is to be killed: of a lab, or of one or two NICs in a namespace of the test's own.
final class KillBench {
  private let sweep: SweepBench
  /// Nil for a lab.
  private let cables: Cables?
  private var runs = 0
  /// How often a kill found something changed.
  private(set) var changedAtKill = 0
  /// What was on disk of the run at every kill: none of it may be lost or change.
  private var seen: [(nic: String, trial: Int, block: Block)] = []

  private static let search = """
    workloads:
      - {name: flood, datapath: packet, kind: flood, frame: 64B}
    objective: {maximise: delivered_pps}
    search: {strategy: random, trials: 3, seed: 4, controls: keep}
    sampling: {slice: 10ms, pairs: 1, blocks: 6, confirming-blocks: 6}
    """

  /// What is swept.
  enum Subject: String, CaseIterable, Sendable { case lab, nic, nics }

  init(_ subject: Subject) throws {
    switch subject {
    case .lab:
      cables = nil
      sweep = try SweepBench(
        profile: """
          name: killed-lab
          target: {lab: veth}
          knobs:
            mtu: [default, 3000]
            txqueuelen: [default, 100]
            feature.tso: [default, off]
            sysctl.net.core.somaxconn: [default, 1000]
          \(Self.search)
          """)
    case .nics:
      cables = try Cables(2)
      sweep = try SweepBench(
        profile: """
          name: killed-nics
          target: [{nic: a, peer: b}, {nic: c, peer: d}]
          knobs:
            txqueuelen: [default, 100]
            feature.gro: [default, on]
            sysctl.net.core.somaxconn: [default, 1000]
          \(Self.search)
          """)
    case .nic:
      cables = try Cables(1)
      sweep = try SweepBench(
        profile: """
          name: killed-nic
          target: {nic: a, peer: b}
          knobs:
            mtu: [default, 3000]
            qdisc: [default, pfifo]
            txqueuelen: [default, 100]
            feature.gro: [default, on]
            sysctl.net.core.somaxconn: [default, 1000]
          \(Self.search)
          """)
    }
  }

  // MARK: The sweep

  private var program: Program {
    cables.map { Program.kvmtune.inNamespace($0.namespace) } ?? .kvmtune
  }

  private var run: RunDirectory { sweep.run("\(runs)") }

  /// Starts the sweep, or goes on with it.
  func start() throws -> Sweeping {
    let target =
      run.isBegun ? ["--resume", run.path] : [sweep.profile, "--output", run.path]
    return try Sweeping(
      program.start(["sweep", "--force"] + target, environment: sweep.environment))
  }

  func restore() throws -> Ended {
    try program.run(["restore"], environment: sweep.environment)
  }

  /// Kills the worker so long after its start, as often as it takes to meet it alive, and holds
  /// what it leaves against what was there before.
  ///
  /// - Parameter whereChanged: wait on until something is changed.
  func killWorker(afterMicroseconds delay: UInt32, whereChanged: Bool) throws {
    while true {
      let before = try everything()
      let sweeping = try start()
      usleep(delay)
      let labs =
        try whereChanged
        ? stop(sweeping, whereChangedFrom: before) : sweeping.stopWorker()
      let isChanged = try isChanged(from: before, labs: labs)
      sweeping.killWorker()
      let ended = try sweeping.running.wait()
      try expectEverything(before)
      #expect(labs.allSatisfy { Traces(of: $0).isEmpty }, "\(labs)")
      #expect(sweep.journals.isEmpty)
      if ended.status != 0 {
        #expect(ended.status == 70, "\(ended.errors)")
        let complaint = ended.complaint.last ?? ""
        #expect(complaint.contains("worker was ended by SIGKILL; everything is put back"))
        #expect(complaint.contains("--resume \(run.path)") == run.isBegun)
        if isChanged { changedAtKill += 1 }
        try remember()
        return
      }
      try checkTable()
      runs += 1
      seen = []
    }
  }

  /// Goes on with the sweep to its end.
  func finish() throws {
    let ended = try start().running.wait()
    #expect(ended.status == 0, "\(ended.errors)")
    #expect(sweep.journals.isEmpty)
    try checkTable()
  }

  // MARK: What was measured

  /// Every whole block that is on disk.
  private func remember() throws {
    guard run.hasTable else { return }
    let bytes = try Data(contentsOf: URL(filePath: run.trials))
    let lines = bytes.prefix((bytes.lastIndex(of: UInt8(ascii: "\n")) ?? -1) + 1)
    guard !lines.isEmpty else { return }
    let records = try TrialTable(decoding: Array(lines)).records
    for (nic, rows) in Dictionary(grouping: records, by: \.nic) {
      for trial in try Evidence(rows).trials {
        seen += trial.blocks.filter(\.isComplete).map { (nic, trial.number, $0) }
      }
    }
  }

  /// The table of the finished run: nothing twice, no hole, nothing lost of what was there at any
  /// kill, and nothing left to do.
  private func checkTable() throws {
    let records = try TrialsFile.read(run.trials).records
    var trials: [String: [TrialEvidence]] = [:]
    for (nic, rows) in Dictionary(grouping: records, by: \.nic) {
      let own = try Evidence(rows).trials
      trials[nic] = own
      #expect(own.map(\.number) == Array(0..<own.count))
      for trial in own {
        #expect(trial.blocks.map(\.number) == Array(0..<trial.blocks.count))
        #expect(trial.blocks.allSatisfy { $0.isComplete && $0.pairs.count == 1 })
      }
      try #expect(campaign().next(after: rows) == nil)
    }
    #expect(trials.count == max(1, (cables?.nics.count ?? 0) / 2))
    for (nic, number, block) in seen {
      #expect(
        trials[nic]?[number].blocks.contains(block) == true,
        "\(nic), trial \(number), block \(block.number)")
    }
    struct Key: Hashable {
      let nic: String, trial: Int, workload: String, block: Int, sample: Int, role: Role
    }
    let keys = records.map {
      Key(
        nic: $0.nic, trial: $0.trial, workload: $0.workload, block: $0.block, sample: $0.sample,
        role: $0.role)
    }
    #expect(Set(keys).count == keys.count)
  }

  /// The plan of the sweep, from its profile alone: every knob of it is there, and none has one of
  /// the values to try.
  private func campaign() throws -> Campaign {
    let text = try String(contentsOfFile: sweep.profile, encoding: .utf8)
    let profile = try Profile(parsing: text, file: sweep.profile)
    let dimensions = try profile.knobs.map { knob in
      SearchSpace.Dimension(
        knob: knob.name, values: try knob.resolve(in: nil).map { $0 ?? SearchSpace.untouched },
        switchSeconds: KnownKnob(named: knob.name)?.switchSeconds ?? 0)
    }
    return try Campaign(profile, SearchSpace(dimensions), file: sweep.profile)
  }

  // MARK: What is around it

  /// What the tools say of the host's settings, and of the namespace's.
  func everything() throws -> [String] {
    let host = try Program("/bin/sh").run(["-c", Cables.settings]).output
    return [host] + (try cables?.everything() ?? [])
  }

  /// Holds what the tools say now against what they said before, and tells what differs.
  func expectEverything(_ before: [String], _ place: SourceLocation = #_sourceLocation) throws {
    let now = try everything()
    let different = zip(before, now).filter { $0 != $1 }
    #expect(different.isEmpty, "\(different)", sourceLocation: place)
  }

  /// Stops the worker where something is changed, or after some seconds anywhere. Returns its labs.
  func stop(_ sweeping: Sweeping, whereChangedFrom before: [String]) throws -> [String] {
    var looks = 0
    while true {
      let labs = sweeping.stopWorker()
      looks += 1
      if try looks == 200 || !sweeping.running.process.isRunning
        || isChanged(from: before, labs: labs)
      {
        return labs
      }
      sweeping.continueWorker()
      usleep(50_000)
    }
  }

  /// Whether the sweep has something changed just now: a setting, or a lab that stands.
  func isChanged(from before: [String], labs: [String]) throws -> Bool {
    cables == nil ? labs.contains { !Traces(of: $0).isEmpty } : try everything() != before
  }
}
