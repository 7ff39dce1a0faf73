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

  @Test func aPanicIsNamedByTheKernelsWords() throws {
    try GuestBench.withGuest(GuestDefinition(cpus: 1, interfaces: [])) { agent in
      var words = "it went on"
      do { try agent.write("c", to: "/proc/sysrq-trigger") } catch { words = "\(error)" }
      #expect(words.hasPrefix("the guest's kernel panicked (sysrq triggered crash)"), "\(words)")
      #expect(!agent.guest.isUsable)
      #expect(throws: GuestError.self) { try agent.read("/proc/version") }
    }
  }

  @Test func aModuleThatIsNotThereAndAFileThatCannotBeReadAreRefused() throws {
    try GuestBench.withGuest(GuestDefinition(cpus: 1, interfaces: [])) { agent in
      #expect(throws: GuestError.self) { try agent.read("/no/such/file") }
      #expect(throws: GuestError.self) { try agent.run("no-such-program") }
      let late = try agent.run(GuestImage.program, ["help"], within: 0)
      #expect(late.wasLate)
      #expect(try agent.list("/no/such/folder").isEmpty)
      #expect(agent.guest.isUsable)
    }
  }
}
