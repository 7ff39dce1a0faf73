import Foundation
import Kernel
import Lab
import Sweep
import TestSupport
import Testing

/// Guests whose agent is an enemy: whatever it sends, the host ends up with one line of an error,
/// in time, and without a process left.
@Suite(.serialized, .enabled(if: GuestTier.isOn, "\(GuestTier.reason)"))
struct HostileAgentTests {
  /// A program in the place of QEMU: it has the agent's end of the stream as `$fd`.
  private static func withEnemy<Result>(
    _ script: String, _ body: (Guest) throws -> Result
  ) throws -> Result {
    let folder = try TemporaryFolder()
    let program = try folder.file(
      "enemy",
      """
      #!/bin/bash
      echo >>"${0%/*}/starts"
      start=$(wc -l <"${0%/*}/starts")
      stall() { echo "rcu: rcu_preempt kthread timer wakeup didn't happen for 5252 jiffies!"; }
      [[ "$*" =~ id=agent,fd=([0-9]+) ]] && fd=${BASH_REMATCH[1]}
      frame() { # number, body
        printf 'KVMT' >&$fd
        printf "$(printf '\\\\x%02x' $((${#2} >> 24 & 255)) $((${#2} >> 16 & 255)) \\
          $((${#2} >> 8 & 255)) $((${#2} & 255)))" >&$fd
        printf "\\x00\\x00\\x00\\x00\\x00\\x00\\x00$(printf '\\\\x%02x' $1)" >&$fd
        printf '%s' "$2" >&$fd
      }
      greet() { frame 0 '{"protocol":2,"version":"0"}'; }
      \(script)
      """)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program)
    let namespace = try NetworkNamespace.createUnnamed()
    defer { namespace.delete() }
    let guest = try Guest.boot(
      GuestDefinition(interfaces: []), backends: [], on: program, in: namespace,
      image: GuestBench.image, accelerator: .emulation(reason: "not asked"),
      console: folder.path + "/console", within: 2)
    defer { guest.close() }
    return try body(guest)
  }

  /// What the words of an error are, and that no process is left behind it.
  private static func failure(_ script: String) -> String {
    do {
      try withEnemy(script) { _ in }
      return "it booted"
    } catch {
      return "\(error)".components(separatedBy: ";")[0]
    }
  }

  @Test(
    arguments: [
      ("head -c 100000 /dev/urandom >&$fd; exec sleep 600", "what came is no message"),
      ("cat /dev/zero >&$fd", "what came is no message"),
      (
        #"printf 'KVMT\xff\xff\xff\xff\x00\x00\x00\x00\x00\x00\x00\x00' >&$fd; exec sleep 600"#,
        "a length of 4294967295 bytes"
      ),
      (
        #"printf 'KVMT\x00\xff\xff\xff\x00\x00\x00\x00\x00\x00\x00\x00' >&$fd; exec sleep 600"#,
        "did not come up within 2 s"
      ),
      (
        #"printf KVMT >&$fd; while sleep 0.1; do printf '\x00' >&$fd; done"#,
        "greets with something else"
      ),
      ("frame 0 '[]'; exec sleep 600", "it greets with something else than an agent does"),
      (#"frame 0 '{"protocol":77,"version":"0"}'; exec sleep 600"#, "speaks version 77"),
      ("exec sleep 600", "did not come up within 2 s"),
      ("echo no such machine; exit 1", "QEMU ended (no such machine)"),
      ("echo 'x] Kernel panic - not syncing: VFS: none'; exit 0", "panicked (VFS: none)"),
      (#"printf '\x1b[2J\x07 gone \n' ; exit 1"#, "QEMU ended ([2J gone)"),
    ] as [(String, String)])
  func aBadGreetingIsALine(_ script: String, _ expected: String) {
    let words = Self.failure(script)
    #expect(words.contains(expected), "\(words)")
    #expect(!words.contains("\n"))
  }

  /// Emulation that trips over itself, again and again or less often than guests are started.
  @Test(
    arguments: [
      ("stall; exec sleep 600", "the guest stands still, since a timer of it stopped"),
      ("[ $start = 3 ] && greet || stall; exec sleep 600", "it booted"),
      ("[ $start = 3 ] && greet; exec sleep 600", "it booted"),
      (
        "[ $start = 1 ] || greet && exec sleep 600; "
          + "echo \"Kernel panic - not syncing: IO-APIC + timer doesn't work!\"; exit 0",
        "it booted"
      ),
      ("echo 'iotlb_to_section: Assertion failed'; exit 1", "QEMU ended (iotlb_to_section"),
      ("[ $start = 3 ] && greet && exec sleep 600; echo Assertion; exit 1", "it booted"),
      ("[ $start = 4 ] && greet; exec sleep 600", "did not come up within 2 s"),
    ] as [(String, String)])
  func emulationMayTrip(_ script: String, _ expected: String) {
    let words = Self.failure(script)
    #expect(words.contains(expected), "\(words)")
  }

  @Test(
    arguments: [
      (
        "greet; read -r -N 20 -u $fd x; head -c 100000 /dev/urandom >&$fd; exec sleep 600",
        "what came is no message"
      ),
      ("greet; frame 9 '{}'; exec sleep 600", "an answer to another question"),
      ("greet; frame 1 '{\"unheard\":{}}'; exec sleep 600", "its answer makes no sense"),
      (
        "greet; frame 1 \"$(head -c 200000 /dev/zero | tr '\\0' '[')\"; exec sleep 600",
        "its answer makes no sense"
      ),
      ("greet; frame 1 '{\"done\":{}}'; exec sleep 600", "it answers another question"),
      ("greet; exec 3>&-; eval \"exec $fd>&-\"; exec sleep 600", "QEMU ended"),
      ("greet; sleep 1; exit 0", "QEMU ended"),
      ("greet; frame 1 '{\"failed\":{\"_0\":\"no\"}}'; exec sleep 600", "the guest refused: no"),
    ] as [(String, String)])
  func aBadAnswerIsALine(_ script: String, _ expected: String) throws {
    try Self.withEnemy(script) { guest in
      let agent = GuestAgent(guest)
      var words = "it answered"
      do { _ = try agent.read("/proc/version") } catch { words = "\(error)" }
      #expect(words.contains(expected), "\(words)")
      // Whatever came of it, a guest that cannot be trusted is gone; one that says no is not.
      #expect(guest.isUsable == words.contains("refused"))
    }
  }

  @Test(arguments: ["", "1234567", "123456789"]) func aTimeHasEightBytes(_ body: String) throws {
    try Self.withEnemy("greet; frame 1 '\(body)'; exec sleep 600") { guest in
      #expect(throws: GuestError.lost("it answers another question", console: guest.console)) {
        _ = try GuestAgent(guest).time()
      }
      #expect(!guest.isUsable)
    }
  }

  @Test func oneWhoNeverAnswersIsEndedInTime() throws {
    try Self.withEnemy("greet; exec sleep 600") { guest in
      #expect(throws: GuestError.lost("no answer in time", console: guest.console)) {
        _ = try guest.call([1], within: 0.3)
      }
      #expect(MonotonicTime.processCPU(guest.processID) == nil)
      #expect(throws: GuestError.self) { _ = try guest.call([1], within: 60) }
    }
  }
}
