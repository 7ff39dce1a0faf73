import Kernel
import Measurement
import SystemPackage
import Testing

@testable import Knobs

/// Knobs whose state is in files, over a folder that was recorded from a machine.
@Suite struct FileKnobTests {
  private let machine: RecordedMachine

  init() throws { machine = try .virtio() }

  private func knob(_ name: KnobName) throws -> any Knob {
    try #require(Catalogue.knob(named: name))
  }

  private func domain(_ name: KnobName, _ target: Target) throws -> Domain {
    guard case .available(let domain) = try knob(name).availability(on: target) else {
      throw Objection("\(name) is absent")
    }
    return domain
  }

  @Test func everyQueueInterruptGetsACPUAndTheConfigurationOneIsLeftAlone() throws {
    let target = try machine.target(nic: "eth0", nodes: [[0, 1], [2, 3]])
    let affinity = try knob("irq.affinity")
    #expect(try affinity.read(on: target) == .word("each:2/3/0/1"))
    let original = try affinity.snapshot(on: target)
    #expect(
      original.details == [
        "virtio2-input.0": "0-3", "virtio2-output.0": "0-3", "virtio2-input.1": "0-3",
        "virtio2-output.1": "0-3",
      ])
    for (value, lists) in [
      ("spread", ["0", "0", "1", "1"]), ("node-local", ["2", "2", "3", "3"]),
      ("one-cpu", ["2", "2", "2", "2"]), ("cpu:1,3", ["1", "1", "3", "3"]),
      ("cpu:0", ["0", "0", "0", "0"]), ("each:0/1/2-3/0-1", ["0", "1", "2-3", "0-1"]),
    ] {
      #expect(try domain("irq.affinity", target).contains(.word(value)))
      try affinity.write(.word(value), on: target)
      let written = try (38...41).map { try machine.read("/proc/irq/\($0)/smp_affinity_list") }
      #expect(written == lists, "\(value)")
      #expect(try machine.read("/proc/irq/37/smp_affinity_list") == "0-3")
    }
    try affinity.restore(original, on: target)
    #expect(try affinity.snapshot(on: target) == original)
  }

  /// A wide mask would leave every interrupt where the last configuration sent it.
  @Test func whileTunedAnInterruptIsPinnedToWhereItWasFound() throws {
    let target = try machine.target(nic: "eth0")
    let affinity = try knob("irq.affinity")
    let original = try affinity.snapshot(on: target)
    func effective(_ cpu: Int) throws {
      for number in 38...41 {
        try machine.files.write("\(cpu)", to: "/proc/irq/\(number)/effective_affinity_list")
      }
    }
    func masks() throws -> [String] {
      try (38...41).map { try machine.read("/proc/irq/\($0)/smp_affinity_list") }
    }
    try effective(0)
    let elsewhere = try affinity.snapshot(on: target)
    #expect(elsewhere.isSameState(as: original) && !affinity.acts(elsewhere, as: original))
    try affinity.revert(to: original, on: target)
    #expect(try masks() == ["2", "3", "0", "1"])
    #expect(try affinity.acts(affinity.snapshot(on: target), as: original))
    // Nothing interrupts here: they never move, and the mask is put back all the same.
    try affinity.restore(original, on: target)
    #expect(try masks() == ["0-3", "0-3", "0-3", "0-3"])
    // Of other interrupts than then, those that are left get their masks.
    let other = Snapshot(value: .word("each:2/3"), details: ["virtio2-input.0": "1"])
    try affinity.revert(to: other, on: target)
    #expect(try masks() == ["1", "0-3", "0-3", "0-3"])
  }

  @Test(arguments: [
    (
      "spred",
      "it takes spread, node-local, one-cpu or cpu:LIST, such as cpu:0-1, not spred; "
        + "did you mean spread?"
    ),
    ("cpu:4", "4 names a CPU that is not online; there are 0-3"),
    ("cpu:", " is no list of CPUs such as 0-1"),
    ("cpu:off", "it takes spread, node-local, one-cpu or cpu:LIST, such as cpu:0-1, not cpu:off"),
    ("each:0/1", "each:0/1 names 2 lists for 4 queues"),
    ("each:0/1/off/1", "an interrupt needs a CPU"),
    ("each:////", "each://// names 5 lists for 4 queues"),
  ]) func anAffinityThatCannotBeIsRefused(text: String, reason: String) throws {
    let target = try machine.target(nic: "eth0")
    #expect(try domain("irq.affinity", target).objection(to: KnobValue(text)) == reason)
  }

  @Test func whyAnInterruptStaysWhereItIsIsSaid() throws {
    let target = try machine.target(nic: "eth0")
    let place = try #require(try InterruptAffinityKnob().attributes(on: target).first)
    func said(_ errno: Errno) -> String {
      let refusal = SystemCallError("write", errno, on: "/proc/irq/38/smp_affinity_list")
      return "\(InterruptAffinityKnob().explanation(of: refusal, at: place))"
    }
    for errno in [Errno.ioError, .notPermitted] {
      #expect(said(errno).hasPrefix("virtio2-input.0 is managed by the kernel"))
    }
    #expect(said(.noSpace).hasPrefix("that CPU has no interrupt vector left for virtio2-input.0"))
    #expect(said(.invalidArgument).hasPrefix("write /proc/irq/38/smp_affinity_list: "))
  }

  @Test func whatIsBusyIsTriedAgainAndWhatIsWrongIsNot() throws {
    for (errno, tries) in [(Errno.resourceBusy, 4), (.resourceTemporarilyUnavailable, 4)] {
      var count = 0
      try retryingWhileBusy {
        count += 1
        if count < tries { throw SystemCallError("write", errno) }
      }
      #expect(count == tries)
    }
    var count = 0
    #expect(throws: SystemCallError.self) {
      try retryingWhileBusy {
        count += 1
        throw SystemCallError("write", .invalidArgument)
      }
    }
    #expect(count == 1)
  }

  @Test func steeringKeepsEachQueueAsItWas() throws {
    let target = try machine.target(nic: "eth0")
    let (rps, xps) = (try knob("rps"), try knob("xps"))
    #expect(try rps.read(on: target) == .flag(false))
    #expect(try xps.read(on: target) == .word("each:0/1"))
    let originals = [try rps.snapshot(on: target), try xps.snapshot(on: target)]
    #expect(originals[1].details == ["tx-0": "0", "tx-1": "1"])
    try rps.write(.word("0-1,3"), on: target)
    try xps.write(.flag(false), on: target)
    #expect(try machine.read("/sys/class/net/eth0/queues/rx-1/rps_cpus") == "b")
    #expect(try machine.read("/sys/class/net/eth0/queues/tx-1/xps_cpus") == "0")
    #expect(try rps.read(on: target) == .word("0-1,3"))
    try rps.write(.number(2), on: target)
    #expect(try rps.read(on: target) == .number(2))
    try rps.restore(originals[0], on: target)
    try xps.restore(originals[1], on: target)
    #expect(try [rps.snapshot(on: target), xps.snapshot(on: target)] == originals)
  }

  @Test func aMaskThatIsNoneIsAnError() throws {
    let machine = try RecordedMachine([
      "/sys/class/net/eth0/queues/rx-0/rps_cpus": "zebra\n"
    ])
    let target = try machine.target(nic: "eth0")
    #expect(throws: UnreadableAttribute.self) { try knob("rps").read(on: target) }
  }

  @Test func sysctlsHaveTheirLimitsFromTheMachine() throws {
    let target = try machine.target(nic: "eth0")
    let backlog = try knob("sysctl.net.core.netdev_max_backlog")
    #expect(try backlog.read(on: target) == .number(1000))
    try backlog.write(.number(10000), on: target)
    #expect(try machine.read("/proc/sys/net/core/netdev_max_backlog") == "10000")
    #expect(backlog.device(on: target) == "this host")
    #expect(
      backlog.commands(for: .number(10000), on: target)
        == ["sysctl -w net.core.netdev_max_backlog=10000"])
    #expect(
      try domain("sysctl.net.core.netdev_max_backlog", target).objection(to: .number(1 << 31))
        == "2147483648 is out of range; it takes 0 to 2147483647 frames, "
        + "the nearest is 2147483647")
    let ports = try domain("sysctl.net.ipv4.ip_local_port_range", target)
    #expect(try ports.contains(.word("80 81")))
    for text in ["79 90", "1000", "90 80", "80 65536", "80  90", "a b", "-5 90"] {
      #expect(
        try ports.objection(to: KnobValue(text))
          == "it takes two rising ports from 80 to 65535, not \(text)")
    }
    let range = try knob("sysctl.net.ipv4.ip_local_port_range")
    #expect(try range.read(on: target) == .word("32768 60999"))
    #expect(
      range.commands(for: .word("1024 2048"), on: target)
        == ["sysctl -w net.ipv4.ip_local_port_range=\"1024 2048\""])
  }

  @Test func whatTheMachineLacksIsAbsentWithAReason() throws {
    let machine = try RecordedMachine(["/proc/interrupts": "CPU0\n"])
    defer { withExtendedLifetime(machine) {} }
    let target = try machine.target(nic: "eth0")
    var reasons: [String: String] = [:]
    for name: KnobName in ["irq.affinity", "rps", "xps", "sysctl.net.core.dev_weight"] {
      guard case .absent(let reason) = try knob(name).availability(on: target) else { continue }
      reasons[name.rawValue] = reason
    }
    #expect(
      reasons == [
        "irq.affinity": "the device has no interrupt of its own: it is virtual, or down",
        "rps": "the device shows no rx queue with rps_cpus",
        "xps": "the device shows no tx queue with xps_cpus",
        "sysctl.net.core.dev_weight": "net.core.dev_weight is not shown here; "
          + "the kernel has it in the first network namespace only",
      ])
  }
}
