import Foundation
import Kernel
import Lab
import Measurement
import Optimiser
import Sweep
import TestSupport
import Testing
import Traffic

/// Whole sweeps of guests that are labs in truth: what starts, what fails, and what the rows say.
@Suite(.serialized, .enabled(if: LabTier.isOn, "\(LabTier.reason)"))
struct GuestSweepTests {
  private struct Silent: SweepObserver {
    func knows(_ noise: NoiseRecord) {}
    func starts(from earlier: EarlierFindings) {}
    func plans(_ sampling: Profile.Sampling) {}
    func takesOn(_ objections: [String]) {}
    func searches(_ workload: Workload) {}
    func began(_ run: RunDirectory, nic: String, _ space: ResolvedSpace, configurations: Int) {}
    func began(
      _ request: TrialRequest, on nic: String?, remaining: Remaining, secondsPerBlock: Double?
    ) {}
    func finished(block: Int, of request: TrialRequest) {}
    func restored(failures: [String]) { #expect(failures.isEmpty) }
  }

  private static func profile(_ knobs: String) -> String {
    """
    name: guests
    target: {guest: {model: virtio, attachment: bridge}}
    workloads: [{name: bulk, datapath: packet, kind: flood, frame: mtu}]
    knobs: {\(knobs)}
    objective: {maximise: throughput_bps, subject-to: []}
    search: {strategy: grid, effect: 2%}
    sampling: {slice: 10ms, pairs: 4, blocks: 6, confirming-blocks: 6}
    """
  }

  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func sweep(_ knobs: String, _ guests: LabGuests) throws -> (Recommendation, String) {
    let file = try folder.file("profile.yaml", Self.profile(knobs))
    let job = try SweepJob(
      profileFile: file, nic: nil, seed: nil, output: folder.path + "/run")
    let run = SweepRun(
      job, allowManagement: false, isForced: true, interruption: Interruption(),
      guests: { guests })
    let conclusion = try run.run(Silent())
    let table = try String(contentsOfFile: job.directory.trials, encoding: .utf8)
    return (try #require(conclusion.recommendations.first), table)
  }

  @Test func aKnobOfEachSideIsSwept() throws {
    let guests = LabGuests()
    let (found, table) = try sweep(
      "mtu: [default, 9000], guest.txqueuelen: [default, 77], interface.model: [default, e1000]",
      guests)
    #expect(found.nic == "guest:virtio-bridge" && found.driver == "veth")
    #expect(found.configuration["mtu"] == .number(9000))
    #expect(found.search.count == 7)
    #expect(found.search.allSatisfy { $0.outcome == .measured })
    // The search needs two guests of each model.
    #expect(guests.models.prefix(4) == [.virtio, .virtio, .e1000, .e1000])
    #expect(table.contains("effective.interface.model") && table.contains("knob.guest.txqueuelen"))
  }

  @Test func aModelThatDoesNotStartLosesItsTrialOnly() throws {
    let guests = LabGuests { _, definition in
      definition.interfaces[0].model == .e1000 ? .doesNotStart : .none
    }
    let (found, table) = try sweep(
      "mtu: [default, 9000], interface.model: [default, e1000]", guests)
    let failed = found.search.filter { $0.outcome == .failed }
    #expect(
      failed.map(\.configuration.names) == [["interface.model"], ["interface.model", "mtu"]])
    #expect(found.configuration["mtu"] == .number(9000))
    #expect(table.contains("the guest did not come up within 1 s; its console is in console.log"))
  }

  @Test func aCombinationThatCannotBeIsNotStarted() throws {
    let guests = LabGuests()
    let (found, table) = try sweep(
      "interface.queues: [default, 2], interface.model: [default, e1000]", guests)
    #expect(found.search.count { $0.outcome == .failed } == 1)
    #expect(table.contains("net0: queues are virtio's; e1000 has a single one"))
    #expect(guests.models.prefix(4).filter { $0 == .e1000 }.count == 2)
  }

  /// The third guest is the first of the other model: it dies, its block is lost and made up for
  /// by a swap pair more, and another guest comes.
  @Test func aGuestThatDiesCostsABlock() throws {
    let guests = LabGuests { number, _ in number == 3 ? .dies : .none }
    let (found, table) = try sweep("interface.model: [default, e1000]", guests)
    let trial = try #require(found.search.first)
    #expect(trial.outcome == .measured && trial.invalidPairs == 1 && trial.validPairs == 28)
    #expect(trial.effect?.swapPairs == 3)
    #expect(guests.models.prefix(6) == [.virtio, .virtio, .e1000, .e1000, .e1000, .virtio])
    let reason =
      "traffic broke down: the guest's kernel panicked (Attempted to kill init); "
      + "its console is in console.log"
    #expect(table.components(separatedBy: reason).count == 3)
  }

  @Test func inTheNoiseTrialAGuestHasASecondTry() throws {
    // The first one carries the low load before it; the second is the other side of the trial.
    for (victim, count) in [(1, 3), (2, 4)] {
      let guests = LabGuests { number, _ in number == victim ? .dies : .none }
      let (found, _) = try sweep("mtu: [default, 9000]", guests)
      #expect(found.noise?.trial.invalidPairs == 0)
      #expect(guests.models.count == count)
      try FileManager.default.removeItem(atPath: folder.path + "/run")
    }
    let always = LabGuests { _, _ in .dies }
    #expect(throws: GuestError.self) { try sweep("mtu: [default, 9000]", always) }
    #expect(always.models.count == 2)
  }

  @Test func whatNoGuestOfThisHostHasIsToldFirst() throws {
    let guests = LabGuests()
    let error = #expect(throws: ProfileError.self) {
      try sweep("mtu: [default, 9000], interface.vhost: [off, on]", guests)
    }
    #expect(error?.line == 4)
    #expect(
      error?.message
        == "interface.vhost: on makes no guest here; net0: this host has no /dev/vhost-net; "
        + "'modprobe vhost_net' as root, or take vhost off")
    #expect(guests.models.isEmpty)
  }

  @Test func aPreviewStartsOneGuestAndSaysWhere() throws {
    let file = try folder.file(
      "profile.yaml",
      Self.profile("qdisc: [default, pfifo], guest.qdisc: [pfifo], interface.queues: [2]"))
    let job = try SweepJob(profileFile: file, nic: nil, seed: nil, output: folder.path + "/run")
    let guests = LabGuests()
    let preview = try SweepPreview(job, allowManagement: false, guests: { guests })
    let commands = try #require(preview.trials.last?.commands)
    #expect(commands.first == "in the guest's <interface>: <driver queues='2'/>; start it anew")
    #expect(commands.dropFirst().first?.hasSuffix("tc qdisc replace dev a root pfifo") == true)
    #expect(commands.last?.hasPrefix("in the guest: ") == true)
    #expect(guests.models.count == 1)
  }
}
