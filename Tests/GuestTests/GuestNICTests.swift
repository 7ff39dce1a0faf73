import Foundation
import Kernel
import Knobs
import Lab
import Measurement
import Sweep
import TestSupport
import Testing

/// Every NIC that QEMU has, each with its own driver of Linux, in one guest.
@Suite(
  .serialized, .enabled(if: GuestTier.isOn, "\(GuestTier.reason)"), .guest(NIC.definition))
struct GuestNICTests {
  @Test(arguments: NIC.all) func whatItLacksIsSaidWithItsReason(nic: NIC) throws {
    let bench = try NICBench(nic, SharedGuest.lab.agent)
    #expect(try bench.agent.driver(of: nic.device) == nic.driver)
    #expect(try bench.absences() == nic.absent)
  }

  @Test(arguments: NIC.all) func everyKnobIsChangedReadBackAndPutBack(nic: NIC) throws {
    // Settings of the machine are no NIC's: once is enough.
    let knobs = Catalogue.knobs.filter { $0.scope == .nic || nic.device == "net0" }
    try Self.change(knobs, NICBench(nic, SharedGuest.lab.agent))
  }

  private static func change(
    _ knobs: [any Knob], _ bench: NICBench, valuesOfEach limit: Int = .max
  ) throws {
    let before = try bench.everything()
    let available = try bench.availability()
    for knob in knobs {
      guard case .available(let domain)? = available[knob.name] else { continue }
      let found = try #require(try bench.tuner.read([knob.name])[knob.name])
      let values = try bench.values(for: knob, found: found, in: domain)
      try #require(!values.isEmpty, "\(knob.name)")
      for value in values.prefix(limit) {
        let effective = try bench.tuner.apply(Configuration([knob.name: value]))
        try bench.compare(knob, value, effective[knob.name])
      }
      try bench.tuner.apply(.baseline)
      #expect(try bench.tuner.read([knob.name])[knob.name] == found, "\(knob.name)")
    }
    let restoration = try bench.tuner.restore()
    #expect(restoration.failures.isEmpty)
    let changes = try bench.changes(since: before)
    #expect(changes.isEmpty, "\(changes)")
  }

  @Test(arguments: NIC.all) func allAtOnceComesBackExactly(nic: NIC) throws {
    let bench = try NICBench(nic, SharedGuest.lab.agent)
    let before = try bench.everything()
    let found = try bench.tuner.read(Catalogue.knobs.map(\.name))
    var values: [KnobName: KnobValue] = [:]
    for (name, availability) in try bench.availability() {
      guard case .available(let domain) = availability,
        let knob = Catalogue.knob(named: name), let found = found[name]
      else { continue }
      values[name] = try bench.values(for: knob, found: found, in: domain).first
    }
    // Lists for each queue suit the queues that there are now.
    for name: KnobName in ["rps", "xps"] where values[name] != nil { values[name] = .word("0-3") }
    try bench.tuner.apply(Configuration(values))
    #expect(try bench.everything() != before)
    #expect(try bench.tuner.restore().failures.isEmpty)
    let changes = try bench.changes(since: before)
    #expect(changes.isEmpty, "\(changes)")
    #expect(try bench.tuner.restore().restored.isEmpty)
  }

  /// Numbers that no domain names: the driver refuses them, and everything stays as it was.
  @Test(arguments: [
    ("net2", "coalesce.rx-usecs", "7", "Invalid argument"),
    ("net3", "coalesce.tx-usecs", "10001", "Invalid argument"),
    (
      "net0", "ring.rx", "300",
      "it takes 32, 64, 128, 256, 512 or 1024, not 300"
    ),
    ("net0", "ring.tx", "16", "it takes 32, 64, 128 or 256, not 16"),
    (
      "net3", "channels.combined", "9",
      "9 is out of range; it takes 1 to 8 queues, the nearest is 8"
    ),
    (
      "net4", "mtu", "9000",
      "9000 is out of range; it takes 68 to 4096 bytes, the nearest is 4096"
    ),
  ]) func whatADriverRefusesIsSaid(device: String, knob: String, value: String, reason: String)
    throws
  {
    let nic = try #require(NIC.all.first { $0.device == device })
    let bench = try NICBench(nic, SharedGuest.lab.agent)
    let before = try bench.everything()
    let refusal = #expect(throws: KnobError.self) {
      try bench.tuner.apply(Configuration([KnobName(rawValue: knob): KnobValue(value)]))
    }
    #expect(refusal?.description.hasPrefix("cannot set \(knob) of \(device) to \(value): ") == true)
    #expect(refusal?.reason.hasSuffix(reason) == true, "\(refusal as Any)")
    #expect(try bench.tuner.restore().failures.isEmpty)
    let changes = try bench.changes(since: before)
    #expect(changes.isEmpty, "\(changes)")
  }

  /// Eight queues of an igb share their interrupts by pairs, and then sending has no delay of its
  /// own: what the driver does not take back meanwhile does not spoil the trial.
  @Test func queuesThatShareTheirInterrupts() throws {
    let bench = try NICBench(#require(NIC.all.first { $0.driver == "igb" }), SharedGuest.lab.agent)
    let before = try bench.everything()
    let wanted = Configuration([
      "channels.combined": .number(8), "irq.affinity": .word("cpu:1,3"),
    ])
    let effective = try bench.tuner.apply(wanted)
    #expect(effective["channels.combined"] == .number(8))
    #expect(effective["irq.affinity"] == .word("each:1/3/1/3/1/3/1/3"))
    let shared = try bench.interrupts()
    #expect(shared.compactMap(\.queue) == Array(0..<8))
    #expect(shared.filter { $0.queue != nil }.allSatisfy { $0.action.contains("-TxRx-") })
    let text = try bench.agent.tool("ethtool", "-c", bench.nic.device)
    #expect(ToolText.numbers(text, "tx-usecs") == [0])
    // Queues that are new under `mq` are of the same kind as the old ones.
    let leaves = try bench.agent.objects("tc", "-j", "qdisc", "show", "dev", bench.nic.device)
    #expect(Set(leaves.compactMap { $0["kind"] as? String }) == ["mq", "fq_codel"])
    #expect(try bench.tuner.restore().failures.isEmpty)
    let changes = try bench.changes(since: before)
    #expect(changes.isEmpty, "\(changes)")
  }

  @Test func virtualFunctionsComeHaveTheirKnobsAndGo() throws {
    let agent = try SharedGuest.lab.agent
    let folder = "/sys/class/net/\(NIC.parent)/device"
    #expect(try agent.read("\(folder)/sriov_totalvfs") == "7")
    try agent.write("2", to: "\(folder)/sriov_numvfs")
    let names = try (0..<2).flatMap { try agent.list("\(folder)/virtfn\($0)/net") }
    try #require(names.count == 2)
    let address = try agent.read("/sys/class/net/\(names[0])/address")
    try agent.configure(AgentInterface(hardware: address, name: "vf0"))
    try agent.waitForCarrier(of: "vf0", within: 30)
    let bench = NICBench(.virtualFunction, agent)
    #expect(try agent.driver(of: "vf0") == bench.nic.driver)
    #expect(try bench.absences() == bench.nic.absent)
    // Whatever takes its link down takes seconds of it.
    try Self.change(
      Catalogue.knobs.filter { $0.scope == .nic && !$0.name.rawValue.hasPrefix("feature.") },
      bench, valuesOfEach: 1)
    try agent.write("0", to: "\(folder)/sriov_numvfs")
    #expect(try agent.list("\(folder)/virtfn0/net").isEmpty)
    let links = try agent.objects("ip", "-j", "link").compactMap { $0["ifname"] as? String }
    #expect(Set(links).isDisjoint(with: ["vf0", names[1]]))
    #expect(throws: KnobError.self) { try bench.tuner.read(["ring.rx"]) }
  }
}
