import Kernel
import Knobs
import Measurement
import Optimiser
import TestSupport
import Testing
import Traffic

@testable import Sweep

/// What one side has before the other, in all that a block does.
@Suite struct BlockMeasurementTests {
  /// Whoever comes first may have it harder, so it must not always be the candidate: sides keep
  /// their order, and the candidate changes sides.
  @Test func theFirstSideComesFirstWhicheverPlaysTheCandidate() throws {
    let folder = try TemporaryFolder()
    let guests = ScriptedGuests()
    let stand = try Stand(
      .small, from: guests, journal: try Journal(in: StateFolder(path: folder.path)))
    defer { #expect(stand.close().isEmpty) }
    let blocks = BlockMeasurement(
      stand: stand, sampling: Profile.Sampling(), knobs: ["interface.model"],
      identity: BlockMeasurement.RunIdentity(run: "r", host: "h", objective: "", seed: 0),
      interruption: Interruption())
    let request = TrialRequest(
      trial: 1, role: .search, candidate: Configuration(["interface.model": .word("e1000")]),
      reference: .baseline, blocks: 4)
    let bulk = Workload(name: "bulk", datapath: .packet, kind: .flood)
    // These guests have no network, so each block ends when its traffic is opened, and the next one
    // makes its guests anew.
    let records = try (0..<4).flatMap { block in
      try stand.renew()
      return try blocks.measure(request, block: block, workloads: [bulk])
    }
    #expect(
      records.map(\.role) == [
        .search, .baseline, .baseline, .search, .baseline, .search, .search, .baseline,
      ])
    // The first guest of all is the stand's own, to learn its driver.
    #expect(
      guests.models.dropFirst() == [
        .e1000, .virtio, .virtio, .e1000, .virtio, .e1000, .e1000, .virtio,
      ])
  }
}
