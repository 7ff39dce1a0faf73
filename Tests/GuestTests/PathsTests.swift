import Foundation
import Sweep
import TestSupport
import Testing

/// The schemes side by side, as a user runs them.
@Suite(.serialized, .enabled(if: GuestTier.isOn, "\(GuestTier.reason)"))
struct PathsTests {
  @Test func schemesAreMeasuredSideBySide() throws {
    let folder = try TemporaryFolder()
    let run = folder.path + "/run"
    let ended = try Program.kvmtune.run(
      ["paths", "--quick", "--rounds", "8", "--format", "json", "--output", run])
    #expect(ended.status == 0, "\(ended.errors)")
    let comparison = try JSONDecoder().decode(
      PathComparison.self, from: Data(ended.output.utf8))
    print(comparison.text(width: nil))

    #expect(comparison.paths.map(\.scheme) == Scheme.all.map(\.name))
    let measured = comparison.paths.filter { $0.measures.count == PathMeasure.all.count }
    #expect(measured.count >= 8)
    for path in comparison.paths where path.measures.isEmpty {
      #expect(!path.reasons.isEmpty, "\(path.scheme)")
    }
    for path in comparison.paths where !path.measures.isEmpty {
      #expect(path.accelerator == "kvm" || path.accelerator == "tcg")
      #expect(path.libvirt.hasPrefix("<interface type="))
      #expect(path.qemu.contains("-netdev"))
    }
    // Every frame is a trap of its own in full emulation, and large segments are cut in software:
    // so much that the estimates of few rounds show it on a busy host, too.
    let emulated = comparison.paths.filter { $0.scheme == "rtl8139" || $0.scheme == "e1000" }
    let ratios = emulated.compactMap { $0.measures["bits_to_guest_bps"]?.ratio }
    #expect(ratios.contains { $0 < 1 }, "full emulation: \(ratios) of virtio")

    // The table alone yields the same.
    let again = try Program.kvmtune.run(["paths", "--from", run, "--format", "json"])
    #expect(again.output == ended.output)
    let summary = try String(contentsOfFile: run + "/summary.md", encoding: .utf8)
    for scheme in Scheme.all { #expect(summary.contains("## \(scheme.name): ")) }
    // A guest that was lost on the way leaves what it printed, and no other does.
    let isOneLost = comparison.paths.flatMap(\.reasons).contains {
      $0.contains("its console is in")
    }
    #expect(FileManager.default.fileExists(atPath: run + "/consoles") == isOneLost)
  }
}
