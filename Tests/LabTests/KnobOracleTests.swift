import Foundation
import Kernel
import Knobs
import Lab
import Measurement
import TestSupport
import Testing

/// Every knob that veth, TAP and bridge have: changed, read by us and by the tools of others, put
/// back, compared.
@Suite(.serialized, .enabled(if: LabTier.isOn, "\(LabTier.reason)"))
struct KnobOracleTests {
  @Test(arguments: LabTopology.ofAnyKernel) func whatALabLacksIsSaidWithItsReason(
    _ topology: LabTopology
  ) throws {
    let bench = try KnobBench(topology)
    defer { bench.remove() }
    let kind = topology == .veth ? "veth" : "tun"
    var expected: [String: String] = [
      "ring.rx": "\(kind) has no ring sizes (EOPNOTSUPP)",
      "ring.tx": "\(kind) has no ring sizes (EOPNOTSUPP)",
      "irq.affinity": "the device has no interrupt of its own: it is virtual, or down",
    ]
    let coalescing = ["adaptive-rx", "adaptive-tx", "rx-usecs", "tx-usecs", "tx-frames"]
    switch topology {
    case .veth:
      expected["channels.combined"] = "veth has no combined among its channels to set"
      for field in coalescing + ["rx-frames"] {
        expected["coalesce." + field] = "veth has no interrupt coalescing (EOPNOTSUPP)"
      }
    case .macvtap: return
    case .bridgeTap:
      expected["channels.combined"] =
        "tun shows combined but does not let it be set (EOPNOTSUPP)"
      for field in ["rx", "tx"] {
        expected["channels." + field] = "tun has no \(field) among its channels to set"
      }
      for field in coalescing {
        expected["coalesce." + field] = "tun has no \(field) among its interrupt coalescing"
      }
    }
    // Asking whether a number can be set must not reach the driver, which would drop the link.
    func flaps() throws -> String {
      try bench.lab.path.map {
        try bench.tool($0, "cat", "/sys/class/net/\($0.name)/carrier_changes")
      }.joined()
    }
    let before = try flaps()
    var absent: [String: String] = [:]
    for knob in Catalogue.knobs {
      if case .absent(let reason) = try knob.availability(on: bench.target) {
        absent[knob.name.rawValue] = reason
      }
    }
    #expect(absent == expected)
    #expect(try flaps() == before)
  }

  @Test(arguments: LabTopology.ofAnyKernel) func everyKnobIsChangedReadBackAndPutBack(
    _ topology: LabTopology
  ) throws {
    let bench = try KnobBench(topology)
    defer { bench.remove() }
    let before = try bench.everything()
    let tuner = Tuner(bench.target, journal: nil)
    for knob in Catalogue.knobs {
      guard case .available(let domain) = try knob.availability(on: bench.target) else { continue }
      let found = try knob.read(on: bench.target)
      let values = try KnobOracle.values(for: knob, found: found).filter { try domain.contains($0) }
      try #require(!values.isEmpty, "\(knob.name)")
      for value in values {
        let effective = try tuner.apply(Configuration([knob.name: value]))
        try KnobOracle.compare(knob, value, effective[knob.name], bench)
      }
      try tuner.apply(.baseline)
      #expect(try knob.read(on: bench.target) == found, "\(knob.name)")
      let changes = try bench.everything().difference(from: before)
      #expect(changes.isEmpty, "\(knob.name)")
    }
  }

  @Test(arguments: LabTopology.ofAnyKernel) func allAtOnceComesBackExactly(_ topology: LabTopology)
    throws
  {
    let bench = try KnobBench(topology)
    defer { bench.remove() }
    let before = try bench.everything()
    let tuner = Tuner(bench.target, journal: nil)
    var values: [KnobName: KnobValue] = [:]
    for knob in Catalogue.knobs {
      guard case .available = try knob.availability(on: bench.target) else { continue }
      values[knob.name] =
        KnobOracle.values(
          for: knob, found: try knob.read(on: bench.target)
        ).first
    }
    // With one queue in use there is none to steer.
    for name: KnobName in ["channels.rx", "channels.tx"] where values[name] != nil {
      values[name] = .number(2)
    }
    try tuner.apply(Configuration(values))
    #expect(try bench.everything() != before)
    let restoration = tuner.restore()
    #expect(restoration.failures.isEmpty)
    #expect(try bench.everything() == before)
    #expect(tuner.restore().restored.isEmpty)
  }

  /// A change of queues takes XPS masks with it; they come back with the queues.
  @Test func steeringOfQueuesThatWentComesBackWithThem() throws {
    let bench = try KnobBench(.veth)
    defer { bench.remove() }
    let xps = try #require(Catalogue.knob(named: "xps"))
    try xps.write(.word("each:0/1"), on: bench.target)
    let before = try bench.everything()
    let tuner = Tuner(bench.target, journal: nil)
    try tuner.apply(Configuration(["channels.tx": .number(1)]))
    #expect(try tuner.read(["channels.tx"])["channels.tx"] == .number(1))
    #expect(try bench.everything() != before)
    try tuner.apply(.baseline)
    #expect(try bench.everything() == before)
  }

  @Test func aValueThatIsThereIsNotWrittenAgain() throws {
    let bench = try KnobBench(.veth)
    defer { bench.remove() }
    let tuner = Tuner(bench.target, journal: nil)
    let same = Configuration(["mtu": .number(1500), "feature.gro": .flag(false)])
    let plan = try tuner.plan(same)
    let gro = try tuner.read(["feature.gro"])["feature.gro"]
    #expect(plan.steps.map(\.knob) == (gro == .flag(false) ? [] : ["feature.gro"]))
    // What a kernel rounds or spells out is settled after the first time.
    let fifo = Configuration(["qdisc": .word("pfifo")])
    #expect(try tuner.plan(fifo).steps.map(\.knob) == ["qdisc"])
    #expect(try tuner.apply(fifo)["qdisc"] == .word("pfifo limit 1000"))
    #expect(try tuner.plan(fifo).isEmpty)
  }

  @Test func aRefusedValueNamesKnobDeviceAndReasonAndChangesNothing() throws {
    let bench = try KnobBench(.veth)
    defer { bench.remove() }
    let before = try bench.everything()
    let tuner = Tuner(bench.target, journal: nil)
    for (name, value, text) in [
      (
        "mtu", "70000",
        "cannot set mtu of a to 70000: 70000 is out of range; it takes 68 to 65535 bytes, "
          + "the nearest is 65535"
      ),
      (
        "channels.rx", "3",
        "cannot set channels.rx of a to 3: 3 is out of range; it takes 1 to 2 queues, "
          + "the nearest is 2"
      ),
      ("feature.tso", "1", "cannot set feature.tso of a to 1: it takes on or off, not 1"),
      ("ring.rx", "512", "cannot set ring.rx of b to 512: veth has no ring sizes (EOPNOTSUPP)"),
      ("xps", "9", "cannot set xps of a to 9: 9 names a CPU that is not online; there are 0-1"),
    ] {
      let wanted = Configuration([
        "txqueuelen": .number(5), KnobName(rawValue: name): KnobValue(value),
      ])
      let refusal = #expect(throws: KnobError.self) { try tuner.apply(wanted) }
      #expect(refusal?.description == text)
    }
    #expect(throws: UnknownKnob.self) { try tuner.apply(Configuration(["mtuu": .number(1)])) }
    #expect(try bench.everything() == before)
  }
}
