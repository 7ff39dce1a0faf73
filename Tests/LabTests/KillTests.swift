import Foundation
import Glibc
import Measurement
import TestSupport
import Testing

/// `kill -9` leaves nothing changed, and nothing that was measured is lost.
@Suite(.serialized, .enabled(if: LabTier.isOn, "\(LabTier.reason)"))
struct KillTests {
  @Test func aKilledWorkerIsCleanedUpAfterAndTheSweepGoesOn() throws {
    var generator = SeededGenerator(seed: 20)
    let benches = try KillBench.Subject.allCases.map { try KillBench($0) }
    for number in 0..<24 {
      // Every other kill of each waits until something is changed.
      try benches[number % 3].killWorker(
        afterMicroseconds: UInt32(generator.below(1_500_000)), whereChanged: number % 6 > 2)
    }
    for bench in benches {
      #expect(bench.changedAtKill >= 3)
      try bench.finish()
    }
  }

  @Test(arguments: KillBench.Subject.allCases) func restoreCleansUpAfterBoth(
    _ subject: KillBench.Subject
  ) throws {
    let bench = try KillBench(subject)
    let before = try bench.everything()
    let sweeping = try bench.start()
    kill(sweeping.supervisor, SIGSTOP)
    let labs = try bench.stop(sweeping, whereChangedFrom: before)
    sweeping.killWorker()
    sweeping.killSupervisor()
    #expect(try sweeping.running.wait().status == 128 + SIGKILL)
    #expect(sweeping.workerEnds())
    #expect(try bench.isChanged(from: before, labs: labs))

    let restored = try bench.restore()
    #expect(restored.status == 0, "\(restored.errors)")
    try bench.expectEverything(before)
    #expect(labs.allSatisfy { Traces(of: $0).isEmpty }, "\(labs)")
  }

  @Test(arguments: KillBench.Subject.allCases) func theWorkerCleansUpAfterAKilledSupervisor(
    _ subject: KillBench.Subject
  ) throws {
    let bench = try KillBench(subject)
    let before = try bench.everything()
    let sweeping = try bench.start()
    usleep(700_000)
    let labs = sweeping.stopWorker()
    sweeping.continueWorker()
    sweeping.killSupervisor()
    #expect(try sweeping.running.wait().status == 128 + SIGKILL)
    #expect(sweeping.workerEnds())
    try bench.expectEverything(before)
    #expect(labs.allSatisfy { Traces(of: $0).isEmpty }, "\(labs)")
  }
}
