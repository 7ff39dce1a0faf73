import Lab
import Measurement
import SystemPackage
import TestSupport
import Testing

@testable import Kernel
@testable import Netlink
@testable import Traffic

/// What drivers count queue by queue: the same as `ethtool -S`, and in the books once.
@Suite(.serialized, .enabled(if: LabTier.isOn, "\(LabTier.reason)"))
struct QueueDropTests {
  @Test(arguments: [(1, 2), (2, 1), (2, 2)]) func theCountersAreThoseOfEthtool(rx: Int, tx: Int)
    throws
  {
    let bench = try OracleBench()
    defer { bench.remove() }
    try bench.session.setChannels(rx: rx, tx: tx, of: bench.index("va"))
    let ours = try bench.session.driverCounters(of: "va")
    let theirs = try bench.tool("ethtool", "-S", "va")
    #expect(ours.names.contains("rx_queue_\(rx - 1)_drops"))
    #expect(!ours.names.contains("rx_queue_\(rx)_drops"))
    let listed = theirs.split(separator: "\n").dropFirst().compactMap { line in
      line.split(separator: ":").first?.trimmingPrefix(while: \.isWhitespace)
    }
    #expect(ours.names == listed.map(String.init))
    let peer = try UInt64(bench.index("vb"))
    #expect(ours.values[try #require(ours.names.firstIndex(of: "peer_ifindex"))] == peer)
  }

  @Test func devicesWithoutCountersHaveNone() throws {
    let bench = try OracleBench()
    defer { bench.remove() }
    for name in ["t0", "b0"] {
      #expect(try bench.session.driverCounters(of: name).names.isEmpty)
      let device = try NetworkDevice(
        namespace: bench.namespace, name: name, index: bench.index(name), address: .zero)
      let reader = QueueDropReader(of: device, bench.session)
      #expect(try reader.hop("x", .received, beside: []) == nil)
    }
    // Neither does a veth tell what the kernel asks of every driver by the same name.
    #expect(try bench.session.queueStatistics(of: bench.index("va")).isEmpty)
    let error = #expect(throws: SystemCallError.self) {
      try bench.session.driverCounters(of: "nothing0")
    }
    #expect(error?.errno == .operationNotSupportedByDevice)
    #expect(throws: SystemCallError.self) {
      try bench.session.driverCounters(of: String(repeating: "n", count: 16))
    }
  }

  /// Older kernels write as many names as there are, however few were asked for: then there is no
  /// room. Others say that there are none.
  @Test func anAnswerThatIsTooLongOverwritesNothing() throws {
    let bench = try OracleBench()
    defer { bench.remove() }
    do {
      let reply = try bench.session.ethtool(
        "ETHTOOL_GSTRINGS", MessageBuilder(ethtool: 0x1b, 1, 1), room: 12 + 32, of: "va")
      #expect(reply[8..<12].allSatisfy { $0 == 0 })
    } catch let error as SystemCallError {
      #expect(error.errno == .badAddress)
    }
  }

  @Test func aClosedSessionSaysSo() throws {
    let bench = try OracleBench()
    defer { bench.remove() }
    bench.session.close()
    #expect(throws: NetlinkError.self) { try bench.session.driverCounters(of: "va") }
  }

  // MARK: Books

  /// A way through a lab, and the frames that are sent on it.
  struct Way: Sendable {
    let topology: LabTopology
    let workload: Workload
  }

  static let ways: [Way] = [
    Way(
      topology: .veth,
      workload: Workload(
        name: "w", datapath: .packet, kind: .rate, rate: 20_000, direction: .both, threads: 2,
        flows: 8)),
    Way(
      topology: .veth,
      workload: Workload(name: "w", datapath: .udp, kind: .rate, rate: 20_000)),
    Way(
      topology: .bridgeTap,
      workload: Workload(name: "w", datapath: .tap, kind: .rate, rate: 20_000)),
  ]

  /// Every other frame is thrown away by a program on the device, or is lost as the program hands it
  /// to a device that is not there: the driver's queues alone tell of the one, `rx_dropped` of the
  /// other too. The ledger closes, and nothing stands in two hops.
  @Test(arguments: ways, [XdpFilter.Fate.drop, .nowhere])
  func whatAProgramLosesIsInTheBooks(way: Way, fate: XdpFilter.Fate) throws {
    let lab = try Lab.make(way.topology, named: Lab.randomName(), queues: 2)
    defer { lab.remove() }
    let (a, b) = (lab.path[0], lab.path[1])
    let filter = try XdpFilter(on: b, every: 2, fate)
    defer { withExtendedLifetime(filter) {} }
    let ends = try [a, b].map { (device: $0, session: try NetlinkSession(in: $0.namespace)) }
    defer { for end in ends { end.session.close() } }
    let session = try TrafficSession(way.workload, over: Traffic.Route(lab), runID: 5)
    defer { session.close() }
    func statistics(_ end: Int) throws -> LinkStatistics {
      try ends[end].session.link(index: ends[end].device.index).statistics
    }
    let before = (try statistics(0), try statistics(1))
    let sample = try session.measure(seconds: 0.1)
    let after = (try statistics(0), try statistics(1))

    let lost = try #require(sample.drops["veth-queue"])
    #expect(lost > 100)
    #expect(try sample.count(.unexplained) == 0, "\(sample)")
    #expect(sample.invalidReason?.contains("unexplained") != true, "\(sample)")
    #expect(sample.drops.filter { $0.value > 0 && $0.key != "veth-queue" }.isEmpty, "\(sample)")
    // What the totals of both ends say of it.
    #expect(after.1.receiveDropped - before.1.receiveDropped == (fate == .drop ? 0 : lost))
    #expect(after.1.receiveMissed == before.1.receiveMissed)
    #expect(after.0.transmitDropped == before.0.transmitDropped)
    // And queue by queue.
    let counter = fate == .drop ? "xdp_drops" : "drops"
    #expect(sample.queueDrops.values.reduce(0, +) == lost)
    #expect(
      sample.queueDrops.keys.allSatisfy {
        ["veth-queue.b.rx_queue_0_\(counter)", "veth-queue.b.rx_queue_1_\(counter)"].contains($0)
      }, "\(sample.queueDrops)")
  }

  /// What the root qdisc counts of frames whose sender was told is no loss on the way. It is so slow
  /// that a slow machine's sender overruns it, too.
  @Test func aCableRefusesAndIsNotBlamedTwice() throws {
    let bench = try OracleBench()
    defer { bench.remove() }
    let (va, vb) = (try bench.session.device(named: "va"), try bench.session.device(named: "vb"))
    _ = try bench.tool(
      "tc", "qdisc", "add", "dev", "va", "root", "tbf", "rate", "2mbit", "burst", "2kb", "limit",
      "2kb")
    let route = Traffic.Route(
      sender: Endpoint(device: va), receiver: Endpoint(device: vb),
      drops: try DropCounter.cable(from: va, to: vb, bench.session), reverseDrops: [], mtu: 1500)
    let session = try TrafficSession(
      Workload(name: "w", datapath: .packet, kind: .flood, transmit: .calls), over: route, runID: 7)
    defer { session.close() }
    let sample = try session.measure(seconds: 0.05)
    #expect(try sample.count(.refused) > 0, "\(sample)")
    #expect(try sample.count(.unexplained) == 0, "\(sample)")
    #expect(sample.drops["qdisc"] == 0, "\(sample)")
  }

  /// A sender that no qdisc stands before is told what the device drops, here frames that the other
  /// end has no room for: they were never offered.
  @Test(arguments: [false, true]) func aDeviceRefusesAndIsNotBlamedEither(bypass: Bool) throws {
    let bench = try OracleBench()
    defer { bench.remove() }
    let (va, vb) = (try bench.session.device(named: "va"), try bench.session.device(named: "vb"))
    let discipline = bypass ? ["pfifo"] : ["noqueue"]
    _ = try bench.tool(["tc", "qdisc", "replace", "dev", "va", "root"] + discipline)
    _ = try bench.tool("ip", "link", "set", "vb", "mtu", "500")
    let route = Traffic.Route(
      sender: Endpoint(device: va), receiver: Endpoint(device: vb),
      drops: try DropCounter.cable(from: va, to: vb, bench.session), reverseDrops: [], mtu: 1500)
    let session = try TrafficSession(
      Workload(
        name: "w", datapath: .packet, kind: .flood, frame: .bytes(1000), bypassQdisc: bypass,
        transmit: .calls), over: route, runID: 7)
    defer { session.close() }
    let sample = try session.measure(seconds: 0.05)
    #expect(try sample.count(.refused) > 0 && sample.count(.offered) == 0, "\(sample)")
    #expect(try sample.count(.unexplained) == 0, "\(sample)")
    #expect(sample.drops["transmit"] == 0, "\(sample)")
  }

  /// Between two NICs nobody but the queues tells either.
  @Test(arguments: [XdpFilter.Fate.drop, .nowhere])
  func aCableHasTheSameBooks(fate: XdpFilter.Fate) throws {
    let bench = try OracleBench()
    defer { bench.remove() }
    let (va, vb) = (try bench.session.device(named: "va"), try bench.session.device(named: "vb"))
    let filter = try XdpFilter(on: vb, every: 3, fate)
    defer { withExtendedLifetime(filter) {} }
    let route = Traffic.Route(
      sender: Endpoint(device: va), receiver: Endpoint(device: vb),
      drops: try DropCounter.cable(from: va, to: vb, bench.session),
      reverseDrops: try DropCounter.cable(from: vb, to: va, bench.session), mtu: 1500)
    let session = try TrafficSession(
      Workload(name: "w", datapath: .packet, kind: .rate, rate: 20_000), over: route, runID: 6)
    defer { session.close() }
    let sample = try session.measure(seconds: 0.1)
    #expect(try #require(sample.drops["receive-queue"]) > 50)
    #expect(try sample.count(.unexplained) == 0, "\(sample)")
    #expect(sample.drops.filter { $0.value > 0 && $0.key != "receive-queue" }.isEmpty, "\(sample)")
  }
}

/// A program on a device that loses some frames at random and lets the others pass.
final class XdpFilter {
  enum Fate: String, Sendable, CaseIterable {
    /// Thrown away.
    case drop
    /// Handed to a device that does not exist.
    case nowhere
  }

  private let program: OwnedDescriptor
  private let link: OwnedDescriptor

  /// - Parameter every: one frame in so many is lost.
  init(on device: NetworkDevice, every: Int32, _ fate: Fate) throws {
    // Registers: 0 what is answered, 1 and 2 what a helper is asked. Helpers: 7 draws a number, 23
    // redirects. The answers: 1 drops, 2 lets pass.
    let draw = [
      Self.word(0x85, value: 7), Self.word(0x97, value: every), Self.word(0x15, offset: 2),
      Self.word(0xb7, value: 2), Self.word(0x95),
    ]
    let end: [UInt64] =
      switch fate {
      case .drop: [Self.word(0xb7, value: 1), Self.word(0x95)]
      case .nowhere:
        [
          Self.word(0xb7, to: 1, value: .max), Self.word(0xb7, to: 2), Self.word(0x85, value: 23),
          Self.word(0x95),
        ]
      }
    let loaded = try XdpProgram.load(draw + end)
    link = try XdpProgram.attach(loaded.rawValue, to: device)
    program = loaded
  }

  /// One `struct bpf_insn`.
  private static func word(
    _ code: UInt64, to register: UInt64 = 0, offset: UInt64 = 0, value: Int32 = 0
  ) -> UInt64 {
    code | register << 8 | offset << 16 | UInt64(UInt32(bitPattern: value)) << 32
  }
}
