import Foundation
import Glibc
import Kernel
import Measurement
import Sweep
import TestSupport
import Testing

/// The program sweeps real guests, and leaves none behind.
@Suite(.serialized, .enabled(if: GuestTier.isOn, "\(GuestTier.reason)"))
struct GuestSweepTests {
  /// At a fixed rate of frames that fill the MTU, the MTU alone decides how many bits arrive,
  /// however noisy the machine is.
  private static let profile = """
    name: guest
    target: {guest: {model: virtio, attachment: bridge}}
    workloads: [{name: steady, datapath: packet, kind: rate, rate: 300pps, frame: mtu}]
    knobs: {mtu: [9000], guest.txqueuelen: [default, 99]}
    objective: {maximise: throughput_bps, subject-to: []}
    search: {strategy: grid, effect: 50%}
    sampling: {slice: 200ms, pairs: 4, blocks: 6, confirming-blocks: 8}
    """

  private let folder: TemporaryFolder
  private let profile: String

  init() throws {
    folder = try TemporaryFolder()
    profile = try folder.file("profile.yaml", Self.profile)
  }

  private func start() throws -> Running {
    try Program.kvmtune.start(
      ["sweep", profile, "--output", folder.path + "/run", "--force"],
      environment: ["KVMTUNE_STATE": folder.path + "/state"])
  }

  @Test func theLargerMTUOfTheWholePathIsFound() throws {
    let ended = try start().wait()
    try #require(ended.status == 0, "\(ended.errors)")
    let run = RunDirectory(path: folder.path + "/run")
    let found = try #require(Conclusion(table: run.trials).recommendations.first)
    #expect(found.configuration == Configuration(["mtu": .number(9000)]), "\(found.reason)")
    #expect(found.driver == "virtio_net on \(GuestBench.accelerator.name)")
    #expect((found.effect?.effect?.ratio ?? 0) > 5)
    #expect(ended.output.contains("host and guest"))
    #expect(ended.output.contains("By hand in the guest:\n  ip link set dev net0 mtu 9000\n"))
    #expect(!FileManager.default.fileExists(atPath: run.consoles))
    let fingerprint = try #require(run.readManifest().fingerprint)
    let greeting = try #require(Program.tool("qemu-system-x86_64")).run(["--version"]).output
    let version = try #require(fingerprint.qemu)
    #expect(greeting.hasPrefix("QEMU emulator version \(version)\n"), "\(greeting)")
    #expect(fingerprint.driver == found.driver && fingerprint.driverVersion == nil)
  }

  @Test func aKilledWorkerTakesItsGuestsAlong() throws {
    let running = try start()
    var (worker, guests): (Int32?, [Int32]) = (nil, [])
    let limit = MonotonicTime.now() + 120_000_000_000
    while guests.count < 2, running.process.isRunning, MonotonicTime.now() < limit {
      worker = Leftovers.children(of: running.process.processIdentifier).first
      guests = worker.map(Leftovers.children) ?? []
      usleep(10_000)
    }
    try #require(guests.count == 2, "\(running.errorsSoFar)")
    // The second guest is still booting.
    kill(try #require(worker), SIGKILL)
    let ended = try running.wait()
    #expect(ended.status == 70, "\(ended.errors)")
    usleep(500_000)
    for guest in guests { #expect(!HostFiles.live.exists("/proc/\(guest)/fd/0")) }
    let restored = try Program.kvmtune.run(
      ["restore", "--dry-run"], environment: ["KVMTUNE_STATE": folder.path + "/state"])
    #expect(!restored.output.contains("would put back"))
  }
}
