import Glibc
import Kernel
import Knobs
import Lab
import Measurement
import TestSupport
import Testing
import Traffic

@testable import Sweep

/// A real guest as a side of a comparison: both sides of its border are tuned, and its end is seen.
@Suite(.serialized, .enabled(if: GuestTier.isOn, "\(GuestTier.reason)"))
struct SweptGuestTests {
  @Test func bothSidesOfTheBorderAreTuned() throws {
    var definition = GuestDefinition(
      cpus: 2, interfaces: [GuestInterface(model: .virtio, attachment: .bridge)])
    definition.interfaces[0].queues = 2
    let lab: GuestLab = try GuestBench.host().make(definition)
    let unit = SweptGuest(lab)
    defer { unit.remove() }
    let tuning = GuestTuning(definition: definition, host: unit.host, guest: unit.guest)
    func inGuest(_ file: String) throws -> String {
      try lab.agent.read("/sys/class/net/net0/\(file)")
    }
    func onHost(_ file: String) throws -> String {
      try lab.network.host.run { try HostFiles.live.read("/sys/class/net/tap0/\(file)") }
    }

    guard
      case .available(let channels) =
        try tuning.availability(of: ["guest.channels.combined"])["guest.channels.combined"]
    else {
      Issue.record("the guest has no channels")
      return
    }
    #expect(channels.maximum == 2)
    let wanted = Configuration([
      "mtu": .number(4000), "txqueuelen": .number(77), "guest.txqueuelen": .number(99),
      "guest.channels.combined": .number(2), "guest.qdisc": .word("fq"),
    ])
    let before = try tuning.read(wanted.names)
    let effective = try tuning.apply(wanted)
    #expect(try [inGuest("mtu"), onHost("mtu")] == ["4000", "4000"])
    #expect(try [inGuest("tx_queue_len"), onHost("tx_queue_len")] == ["99", "77"])
    #expect(effective["guest.channels.combined"] == .number(2))
    #expect(effective["guest.qdisc"]?.description.hasPrefix("fq ") == true)
    #expect(effective["mtu"] == .number(4000))
    _ = try tuning.apply(.baseline)
    #expect(try [inGuest("mtu"), onHost("mtu")] == ["1500", "1500"])
    #expect(try tuning.read(wanted.names) == before)

    let route = unit.route(Workload(name: "w", datapath: .packet, kind: .flood), mtu: 1500)
    #expect(Set((route.drops + route.reverseDrops).map(\.hop)).isSubset(of: GuestLab.hops))
    kill(lab.guest.processID, SIGKILL)
    #expect(throws: GuestError.self) { try tuning.read(["guest.qdisc"]) }
    #expect(!unit.isUsable)
  }
}
