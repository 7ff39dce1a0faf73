import Knobs
import Lab
import Measurement
import Testing

@testable import Sweep

/// Every knob goes to its side and comes back under its name.
@Suite struct GuestTuningTests {
  private let host = ScriptedTuner(mtus: 68...65535)
  private let guest = ScriptedTuner(mtus: 64...9000)

  private var tuning: GuestTuning {
    GuestTuning(definition: .small, host: host, guest: guest)
  }

  private let all = Configuration([
    "mtu": .number(9000), "qdisc": .word("fq"), "guest.ring.rx": .number(512),
    "interface.queues": .number(1),
  ])

  @Test func aConfigurationIsDealtOut() throws {
    #expect(try tuning.apply(all) == all)
    #expect(
      host.present
        == Configuration(["mtu": .number(9000), "qdisc": .word("fq"), "ring.rx": .number(256)]))
    #expect(
      guest.present
        == Configuration(["mtu": .number(9000), "qdisc": .word("pfifo"), "ring.rx": .number(512)]))
    #expect(try tuning.read(all.names) == all)
    let restoration = try tuning.restore()
    #expect(Set(restoration.restored) == ["mtu", "qdisc", "guest.ring.rx"])
    #expect(host.present == guest.present)
  }

  @Test func aPathHasTheSmallestMTUOnIt() throws {
    _ = try guest.apply(Configuration(["mtu": .number(1400)]))
    #expect(try tuning.read(["mtu"]) == Configuration(["mtu": .number(1400)]))
    guard case .available(let domain) = try tuning.availability(of: ["mtu"])["mtu"] else {
      Issue.record("there is no mtu")
      return
    }
    #expect(domain.description == "68 to 9000 bytes")
    let apart = GuestTuning(
      definition: .small, host: ScriptedTuner(mtus: 68...1000),
      guest: ScriptedTuner(mtus: 1200...1500))
    guard case .absent(let reason) = try apart.availability(of: ["mtu"])["mtu"] else {
      Issue.record("there is an mtu")
      return
    }
    #expect(reason == "no value suits both the host's devices and the guest's NIC")
  }

  @Test func whatIsThereIsSaidByItsSide() throws {
    let found = try tuning.availability(
      of: ["guest.qdisc", "guest.rps", "interface.model", "interface.vectors", "ring.rx"])
    let texts = found.mapValues { availability in
      switch availability {
      case .available(let domain): domain.description
      case .absent(let reason): "absent: \(reason)"
      }
    }
    #expect(
      texts == [
        "guest.qdisc": "pfifo or fq", "guest.rps": "absent: there is none",
        "interface.model": "rtl8139, e1000, e1000e, igb, vmxnet3 or virtio",
        "interface.vectors": "0 to 514 or auto", "ring.rx": "64 to 1024 frames",
      ])
    guard case .available(let vectors) = found["interface.vectors"] else { return }
    #expect(try vectors.objection(to: .word("auto")) == nil)
    #expect(try vectors.objection(to: .number(600)) == "it takes 0 to 514 or auto, not 600")
    #expect(throws: UnknownKnob.self) { try tuning.availability(of: ["interface.modle"]) }
  }

  @Test func aPlanSaysWhere() throws {
    var wanted = all
    wanted.values["interface.queues"] = .number(4)
    #expect(
      try tuning.plan(wanted).description == """
        interface.queues of the guest: 1 -> 4 (guest-restart)
            in the guest's <interface>: <driver queues='4'/>; start it anew
        mtu of net0: 1500 -> 9000
            set mtu 9000
        qdisc of net0: pfifo -> fq
            set qdisc fq
        mtu of net0 in the guest: 1500 -> 9000
            in the guest: set mtu 9000
        guest.ring.rx of net0 in the guest: 256 -> 512
            in the guest: set ring.rx 512
        """)
  }

  @Test func anErrorInTheGuestSaysSo() {
    guest.fail(KnobError(.set, "ring.rx", on: "net0", to: .number(5), reason: "too small"))
    let error = #expect(throws: KnobError.self) {
      try tuning.apply(Configuration(["guest.ring.rx": .number(5)]))
    }
    #expect(
      error?.description == "cannot set guest.ring.rx of net0 in the guest to 5: too small")
  }
}
