import Foundation
import Glibc
import Kernel
import Lab
import Measurement
import Report
import Sweep
import TestSupport
import Testing

/// Guests that are killed or stopped while they are measured cost their block, never the sweep.
@Suite(.serialized, .enabled(if: GuestTier.isOn, "\(GuestTier.reason)"))
struct GuestKillTests {
  /// Long enough for all the kills, with nothing to be found.
  private static let profile = """
    name: kills
    target: {guest: {model: virtio, attachment: bridge, memory: 512MiB}}
    workloads: [{name: steady, datapath: packet, kind: rate, rate: 200pps}]
    knobs: {guest.txqueuelen: {from: 100, to: 2000, step: 200}}
    objective: {maximise: delivered_pps}
    search: {strategy: grid, effect: 50%}
    sampling: {slice: 100ms, pairs: 2, blocks: 6, confirming-blocks: 6}
    """
  private static let kills = 20

  @Test func twentyRandomKillsCostNoMoreThanTheirBlocks() throws {
    let folder = try TemporaryFolder()
    let before = Leftovers()
    let run = RunDirectory(path: folder.path + "/run")
    let running = try Program.kvmtune.start(
      ["sweep", try folder.file("kills.yaml", Self.profile), "--output", run.path, "--force"],
      environment: ["KVMTUNE_STATE": folder.path + "/state"])
    // The noise check has to be without an accident: it is what all else is held against.
    let limit = MonotonicTime.now() + 300_000_000_000
    while running.process.isRunning, Self.roles(in: run).count < 3, MonotonicTime.now() < limit {
      usleep(50_000)
    }
    var generator = SeededGenerator(seed: 20)
    var killed = 0
    var seen: Set<Int32> = []
    while killed < Self.kills, running.process.isRunning {
      usleep(UInt32(generator.below(5_000_000)))
      let worker = Leftovers.children(of: running.process.processIdentifier).first
      let guests = worker.map(Leftovers.children) ?? []
      guard let victim = guests.randomElement(using: &generator) else { continue }
      seen.formUnion(guests)
      killed += 1
      // A guest that hangs is noticed by its silence, which takes longer.
      kill(victim, killed == 10 ? SIGSTOP : SIGKILL)
    }
    let ended = try running.wait()
    #expect(killed == Self.kills, "\(ended.errors)")
    #expect(ended.status == 0, "\(ended.errors)")

    let records = try TrialsFile.read(run.trials).records
    let lost = records.filter { $0.measured.invalidReason?.contains("console is in") ?? false }
    #expect(!lost.isEmpty)
    let blocks = Set(lost.map { [$0.trial, $0.block] })
    #expect(blocks.count <= Self.kills)
    // Every trial of the grid was gone on with.
    #expect(Set(records.map(\.trial)).count >= 11)
    #expect(Leftovers() == before)
    #expect(Leftovers.guests().isDisjoint(with: seen))
  }

  private static func roles(in run: RunDirectory) -> Set<Role> {
    Set(((try? TrialsFile.read(run.trials).records) ?? []).map(\.role))
  }
}
