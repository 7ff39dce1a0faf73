import Foundation
import TestSupport
import Testing

/// How a bench by the built program ends when something comes between.
@Suite(.serialized, .enabled(if: LabTier.isOn, Comment(rawValue: LabTier.reason)))
struct BenchEndTests {
  private let kvmtune: Kvmtune

  init() throws { kvmtune = try Kvmtune() }

  /// A window of an hour is given up.
  @Test func whoAsksForTheEndDoesNotWaitForTheWindow() throws {
    let running = try kvmtune.start(
      "bench", "--windows", "2", "--window", "3600s", "--format", "json")
    while try kvmtune.leftovers().isEmpty { usleep(10_000) }
    usleep(1_500_000)
    running.process.interrupt()
    let ended = try running.wait()
    #expect(ended.status == 2, "\(ended.errors)")
    #expect(ended.complaint.last?.hasPrefix("kvmtune: ended by SIGINT after 0 windows") == true)
    #expect(try kvmtune.leftovers() == [])
  }

  /// Where a window fails, those before it are told.
  @Test func whatWasMeasuredBeforeAFailureIsTold() throws {
    let cable = try Cable()
    let arguments = [
      "bench", "--nic", "va", "--peer", "vb", "--kind", "rate", "--rate", "1000pps", "--windows",
      "100000", "--window", "50ms", "--format", "json",
    ]
    let running = try Program.kvmtune.inNamespace(cable.name)
      .start(arguments, environment: kvmtune.environment, in: kvmtune.folder.path)
    // A window has 50 frames, and what comes before the first one some hundreds.
    let counter = "cat /sys/class/net/va/statistics/tx_packets"
    let shell = Program("/bin/sh").inNamespace(cable.name)
    while running.process.isRunning,
      let sent = Int(
        try shell.run(["-c", counter]).output.trimmingCharacters(in: .whitespacesAndNewlines)),
      sent < 2000
    { usleep(50_000) }
    try cable.inside("link", "del", "va")
    let ended = try running.wait()
    #expect(ended.status != 0 && ended.complaint.count == 1, "\(ended.errors)")
    let windows = try #require(try ended.json() as? [[String: Any]])
    #expect(windows.count >= 2)
    #expect(windows.first?["purpose"] as? String == "asked")
  }
}
