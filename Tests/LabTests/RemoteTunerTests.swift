import Foundation
import Kernel
import Knobs
import Lab
import Measurement
import TestSupport
import Testing

/// A device that another machine tunes for us behaves as one of our own. The way between is the
/// one of guests but for the wire: JSON there, JSON back.
@Suite(.serialized, .enabled(if: LabTier.isOn, "\(LabTier.reason)"))
struct RemoteTunerTests {
  private struct Wire: TuningPeer {
    let service: TuningService

    func call(_ request: TuningRequest) throws -> TuningReply {
      let heard = try JSONDecoder().decode(
        TuningRequest.self, from: try JSONEncoder().encode(request))
      let reply = try JSONEncoder().encode(service.answer(heard))
      return try JSONDecoder().decode(TuningReply.self, from: reply)
    }
  }

  private static func tuner(of bench: KnobBench) -> RemoteTuner {
    let target = bench.target
    return RemoteTuner("a", of: Wire(service: TuningService { _ in target }))
  }

  @Test func saysOfEveryKnobWhatTheDeviceSays() throws {
    let bench = try KnobBench(.veth)
    defer { bench.remove() }
    let names = Catalogue.knobs.map(\.name)
    let near = try Tuner(bench.target, journal: nil).availability(of: names)
    let far = try Self.tuner(of: bench).availability(of: names)
    for name in names {
      switch (near[name], far[name]) {
      case (.absent(let here)?, .absent(let there)?): #expect(here == there)
      case (.available(let here)?, .available(let there)?):
        #expect(here.description == there.description)
        #expect(here.minimum == there.minimum && here.maximum == there.maximum)
        for value in ["on", "1", "pfifo limit 9", "pfifo limt", "0-1", "9", "2000 3000"] {
          let value = KnobValue(value)
          #expect(try here.objection(to: value) == there.objection(to: value), "\(name)")
        }
      default: Issue.record("\(name) is there or not")
      }
    }
  }

  @Test func appliesReadsAndPutsBack() throws {
    let bench = try KnobBench(.veth)
    defer { bench.remove() }
    let before = try bench.everything()
    let tuner = Self.tuner(of: bench)
    let wanted = Configuration([
      "mtu": .number(9000), "qdisc": .word("pfifo"), "txqueuelen": .number(77),
      "sysctl.net.core.somaxconn": .number(99),
    ])
    #expect(
      try tuner.plan(wanted).steps.map(\.knob) == ["mtu", "txqueuelen", "qdisc"] + [
        "sysctl.net.core.somaxconn"
      ])
    let effective = try tuner.apply(wanted)
    #expect(effective["mtu"] == .number(9000))
    #expect(effective["qdisc"] == .word("pfifo limit 77"))
    #expect(try tuner.read(wanted.names) == effective)
    // What a configuration does not name goes back.
    #expect(try tuner.apply(Configuration(["mtu": .number(9000)])).names == ["mtu"])
    #expect(try tuner.read(["txqueuelen"])["txqueuelen"] == .number(1000))
    let restoration = try tuner.restore()
    #expect(restoration.restored == ["mtu"] && restoration.failures.isEmpty)
    #expect(try bench.everything() == before)
  }

  @Test func aRefusalIsTheDevicesOwn() throws {
    let bench = try KnobBench(.veth)
    defer { bench.remove() }
    let tuner = Self.tuner(of: bench)
    let error = #expect(throws: KnobError.self) {
      try tuner.apply(Configuration(["ring.rx": .number(512)]))
    }
    #expect(
      error?.description
        == "cannot set ring.rx of b to 512: veth has no ring sizes (EOPNOTSUPP)")
    let unknown = #expect(throws: TuningRefused.self) { try tuner.read(["mtuu"]) }
    #expect(unknown?.reason == "there is no knob mtuu; did you mean mtu?")
  }
}
