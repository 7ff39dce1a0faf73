import Foundation
import Kernel
import Knobs
import Lab
import Measurement
import Netlink
import TestSupport
import Testing

/// What is left when a tuner dies, and what is not touched in the first place.
@Suite(.serialized, .enabled(if: LabTier.isOn, "\(LabTier.reason)"))
struct KnobSafetyTests {
  private let folder: TemporaryFolder
  private var state: StateFolder { StateFolder(path: folder.path) }

  init() throws { folder = try TemporaryFolder() }

  private let changes = Configuration([
    "feature.tso": .flag(false), "mtu": .number(9000), "channels.tx": .number(1),
    "txqueuelen": .number(77), "qdisc": .word("tbf rate 100mbit burst 32kb limit 64kb"),
    "rps": .number(1), "sysctl.net.core.netdev_budget": .number(600),
    "sysctl.net.core.somaxconn": .number(99),
  ])

  /// Applies the changes with a journal, then loses both without putting anything back.
  private func die(in bench: KnobBench) throws -> PendingJournal {
    let xps = try #require(Catalogue.knob(named: "xps"))
    try xps.write(.word("each:0/1"), on: bench.target)
    do {
      let journal = try Journal(in: state)
      try Tuner(bench.target, journal: journal).apply(changes)
      withExtendedLifetime(journal) {}
    }
    return try #require(try PendingJournal.all(in: state).first)
  }

  @Test func aJournalPutsBackWhatADeadTunerLeft() throws {
    let bench = try KnobBench(.veth, isLab: false)
    defer { bench.remove() }
    let xps = try #require(Catalogue.knob(named: "xps"))
    try xps.write(.word("each:0/1"), on: bench.target)
    let before = try bench.everything()
    let pending = try die(in: bench)
    #expect(!pending.isOwned)
    #expect(try bench.everything() != before)
    let outcome = try pending.restore(machine: bench.machine) { bench.namespace(named: $0) }
    #expect(outcome.refused.isEmpty)
    #expect(Set(outcome.restored.map(\.knob)) == Set(changes.names + ["xps"]))
    #expect(try bench.everything() == before)
    #expect(try PendingJournal.all(in: state).isEmpty)
  }

  /// Whichever line was the last that reached the disk, putting back what the journal knows gives
  /// what was there, because nothing is written before its original is on the disk.
  @Test func aJournalThatWasCutOffAnywhereIsReadable() throws {
    let bench = try KnobBench(.veth, isLab: false)
    defer { bench.remove() }
    let pending = try die(in: bench)
    let bytes = try Data(contentsOf: URL(filePath: pending.path))
    var known = 0
    for length in stride(from: 0, through: bytes.count, by: 7) {
      let contents = JournalContents(
        parsing: String(decoding: bytes.prefix(length), as: UTF8.self))
      #expect(contents.damage.isEmpty)
      #expect(contents.originals.count >= known)
      known = contents.originals.count
    }
    #expect(known >= changes.names.count)
    _ = try pending.restore(machine: bench.machine) { bench.namespace(named: $0) }
  }

  @Test func aDeviceThatWasMadeAnewIsNotTouched() throws {
    let bench = try KnobBench(.veth, isLab: false)
    defer { bench.remove() }
    let pending = try die(in: bench)
    let sender = bench.target.transmitter
    try bench.target.session(for: sender).setAddress(
      try #require(MACAddress("02:00:5e:10:00:99")), of: sender.index)
    let present = try bench.everything()
    let outcome = try pending.restore(machine: bench.machine) { bench.namespace(named: $0) }
    #expect(
      outcome.refused
        == ["a has the address 02:00:5e:10:00:99, it was \(sender.address)"])
    #expect(outcome.restored.map(\.knob) == ["sysctl.net.core.netdev_budget"])
    let now = try bench.everything()
    #expect(now.dropLast(4) == present.dropLast(4))
  }

  @Test func whatGoesWithTheLabIsNotRecorded() throws {
    let bench = try KnobBench(.veth)
    defer { bench.remove() }
    let pending = try die(in: bench)
    #expect(pending.contents.originals.map(\.knob) == ["sysctl.net.core.netdev_budget"])
    #expect(pending.contents.target == nil)
  }

  @Test func aFailedWriteLeavesTheRestToBePutBack() throws {
    let bench = try KnobBench(.veth)
    defer { bench.remove() }
    let before = try bench.everything()
    let tuner = Tuner(bench.target, journal: nil)
    try tuner.apply(Configuration(["sysctl.net.core.netdev_budget": .number(500)]))
    // The last of all is a setting that can be read but not written.
    try bench.replaceHostSetting("netdev_budget", by: "/proc/sys/kernel/ostype")
    let impossible = Configuration([
      "feature.tso": .flag(false), "mtu": .number(9000), "qdisc": .word("pfifo limit 10"),
      "sysctl.net.core.netdev_budget": .number(600),
    ])
    let failure = #expect(throws: KnobError.self) { try tuner.apply(impossible) }
    #expect(failure?.knob == "sysctl.net.core.netdev_budget")
    #expect(failure?.value == .number(600) && failure?.device == "this host")
    #expect(failure?.reason.hasSuffix("Permission denied") == true)
    try bench.replaceHostSetting("netdev_budget", by: nil)
    #expect(try bench.everything() != before)
    #expect(tuner.restore().failures.isEmpty)
    #expect(try bench.everything() == before)
  }

  @Test func aDisciplineWithClassesOfSomebodyElseIsLeftAlone() throws {
    let bench = try KnobBench(.veth)
    defer { bench.remove() }
    let device = bench.target.transmitter
    for words in [
      "qdisc replace dev a root handle 7: htb default 2",
      "class add dev a parent 7: classid 7:2 htb rate 1gbit ceil 2gbit",
    ] {
      _ = try bench.tool(device, "sh", "-c", "tc " + words)
    }
    let before = try bench.everything()
    let tuner = Tuner(bench.target, journal: nil)
    let refusal = #expect(throws: KnobError.self) {
      try tuner.apply(Configuration(["qdisc": .word("pfifo")]))
    }
    #expect(
      refusal?.description == "cannot set qdisc of a to pfifo: the qdisc htb has classes, "
        + "so it could not be put back")
    #expect(try bench.everything() == before)
  }

  /// A lower device takes its macvlan down with it, and they come back together; a bridge follows
  /// its ports by itself before and after.
  @Test func layersAboveThePathComeBackToo() throws {
    let bench = try KnobBench(.bridgeTap)
    defer { bench.remove() }
    let bridge = bench.lab.path[2]
    let bare = try #require(bench.lab.path.first)
    _ = try bench.tool(
      bare, "ip", "link", "add", "link", "a", "name", "above", "type", "macvlan")
    func mtu(_ device: NetworkDevice, _ name: String) throws -> Int? {
      try bench.json(device, "ip", "-j", "link", "show", "dev", name)["mtu"] as? Int
    }
    let tuner = Tuner(bench.target, journal: nil)
    try tuner.apply(Configuration(["mtu": .number(1200)]))
    #expect(try mtu(bare, "above") == 1200)
    #expect(try mtu(bridge, bridge.name) == 1200)
    try tuner.apply(.baseline)
    #expect(try mtu(bare, "above") == 1500)
    #expect(try mtu(bridge, bridge.name) == 1500)
    // Nobody set the bridge by hand, so it still follows.
    _ = try bench.tool(
      bridge, "ip", "link", "set", "dev", bench.target.transmitter.name, "mtu", "1300")
    #expect(try mtu(bridge, bridge.name) == 1300)
  }

  @Test func theGuardSeesRoutesThroughBridgesOfThisNamespace() throws {
    let bench = try KnobBench(.bridgeTap)
    defer { bench.remove() }
    let (bridge, tap) = (bench.lab.path[2], bench.lab.path[3])
    _ = try bench.tool(bridge, "ip", "address", "add", "192.0.2.1/24", "dev", bridge.name)
    _ = try bench.tool(bridge, "ip", "route", "add", "default", "via", "192.0.2.9")
    let session = try bench.target.session(for: bridge)
    let guardian = try Guard(
      session: session, environment: ["SSH_CONNECTION": "192.0.2.77 5000 192.0.2.1 22"])
    for port in [bench.lab.path[1], tap] {
      #expect(
        guardian.refusal(of: port.index)?.reasons == [
          "the default route through the bridge \(bridge.name)",
          "the SSH session from 192.0.2.77 through the bridge \(bridge.name)",
        ])
    }
    // The other end of the veth carries nothing itself.
    let other = try Guard(
      session: try bench.target.session(for: bench.lab.path[0]),
      environment: ["SSH_CONNECTION": "not a connection"])
    #expect(other.refusal(of: bench.lab.path[0].index) == nil)
  }
}
