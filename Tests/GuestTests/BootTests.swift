import Foundation
import Kernel
import Lab
import Sweep
import TestSupport
import Testing

@Suite(.serialized, .enabled(if: GuestTier.isOn, "\(GuestTier.reason)"))
struct BootTests {
  @Test func aGuestBootsAndAnswers() throws {
    try GuestBench.withGuest(GuestDefinition(interfaces: [])) { agent in
      let seconds = (agent.guest.bootSeconds * 10).rounded() / 10
      print("from the start of QEMU to a ready agent: \(seconds) s on \(agent.guest.accelerator)")
      let version = try agent.run(GuestImage.program, ["--version"])
      #expect(version.output == Version.current + "\n")
      #expect(try agent.read("/proc/version").contains(GuestBench.image.kernel.release))
      #expect(try agent.run("ip", ["link"]).output.contains("lo: <LOOPBACK,UP,LOWER_UP>"))
    }
  }
}
