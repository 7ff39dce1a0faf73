import Foundation
import Kernel
import Lab
import Sweep
import TestSupport
import Testing

/// Rings of several threads on a kernel of a distribution, which may be older than this host's.
@Suite(.serialized, .enabled(if: GuestTier.isOn, "\(GuestTier.reason)"))
struct GuestRingTests {
  /// Each end sends and receives on one device: before Linux 6.2 a fanout group hears both, and
  /// only its sockets' filters know better.
  @Test(arguments: [1, 2]) func whatWeSendOurselvesIsNotForeign(threads: Int) throws {
    try GuestBench.withGuest(GuestDefinition(interfaces: [])) { agent in
      let words =
        "bench --lab veth --direction both --kind rate --rate 2kpps --format json --windows 2"
        + " --window 200ms --threads \(threads) --flows 8"
      let run = try agent.run(GuestImage.program, words.split(separator: " ").map(String.init))
      try #require(run.succeeded, "\(words): \(run.errors)")
      let windows = try #require(
        JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [[String: Any]])
      try #require(windows.count == 2)
      for window in windows {
        #expect(try #require(window["delivered_frames"] as? Double) > 0)
        #expect(window["foreign_frames"] as? Double == 0, "\(window)")
      }
    }
  }
}
