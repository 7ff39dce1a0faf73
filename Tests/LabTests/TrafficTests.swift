import Kernel
import Lab
import Measurement
import TestSupport
import Testing

@testable import Traffic

extension Traffic.Route {
  /// The way through a lab, from the sender to the receiver.
  init(_ lab: Lab, bypassingQdisc: Bool = false, mtu: Int = 1500) {
    self.init(
      sender: lab.sender, receiver: lab.receiver,
      drops: bypassingQdisc ? lab.dropsWithQdiscBypass : lab.drops, reverseDrops: lab.reverseDrops,
      mtu: mtu)
  }
}

extension Lab {
  /// Runs `words` of `ip` or `tc` in a namespace of the lab.
  func tool(_ name: String, _ words: String, at device: NetworkDevice) throws {
    let ended = try #require(Program.tool(name))
      .inNamespace(try #require(device.namespace.name))
      .run(words.split(separator: " ").map(String.init))
    try #require(ended.status == 0, "\(name) \(words): \(ended.errors)")
  }
}

extension Sample {
  func count(_ metric: Metric) throws -> Int { Int(try #require(metrics[metric], "\(metric)")) }

  /// Why a window may be worthless on a machine that has other work as well.
  var isWorthless: Bool {
    guard let invalidReason else { return false }
    return ![
      "generator limited", "bursty generator", "the hypervisor", "other work", "the clocks",
    ].contains {
      invalidReason.hasPrefix($0)
    }
  }
}

/// Frames and bytes through real devices: what is offered is accounted for.
@Suite(.serialized, .enabled(if: LabTier.isOn, "\(LabTier.reason)"))
struct TrafficTests {
  static let overVeth: [Workload] =
    [
      Workload(name: "flood", datapath: .packet, kind: .flood),
      Workload(name: "full", datapath: .packet, kind: .flood, frame: .mtu),
      Workload(name: "past the qdisc", datapath: .packet, kind: .flood, bypassQdisc: true),
      Workload(name: "two threads", datapath: .packet, kind: .flood, threads: 2, flows: 16),
      Workload(name: "rate", datapath: .packet, kind: .rate, rate: 20_000),
      Workload(name: "rate of two", datapath: .packet, kind: .rate, rate: 9_999, threads: 2),
      Workload(name: "burst", datapath: .packet, kind: .burst, burst: 200),
      Workload(name: "paced burst", datapath: .packet, kind: .burst, rate: 50_000, burst: 100),
    ] + overUDP

  static let overUDP: [Workload] = Direction.allCases.flatMap { direction in
    [
      Workload(name: "udp", datapath: .udp, kind: .flood, direction: direction),
      Workload(
        name: "full udp", datapath: .udp, kind: .flood, frame: .mtu, direction: direction,
        threads: 2, flows: 2),
      Workload(name: "udp rate", datapath: .udp, kind: .rate, rate: 20_000, direction: direction),
      Workload(name: "udp burst", datapath: .udp, kind: .burst, direction: direction, burst: 200),
    ]
  }

  static let overTap: [Workload] = Direction.allCases.flatMap { direction in
    [
      Workload(name: "flood", datapath: .tap, kind: .flood, direction: direction),
      Workload(
        name: "full", datapath: .tap, kind: .flood, frame: .mtu, direction: direction, threads: 2,
        flows: 16),
      Workload(name: "rate", datapath: .tap, kind: .rate, rate: 10_000, direction: direction),
      Workload(name: "burst", datapath: .tap, kind: .burst, direction: direction),
    ]
  }

  @Test func framesOverVethAreAccountedFor() throws {
    let lab = try Lab.make(.veth, named: Lab.randomName(), queues: 2)
    defer { lab.remove() }
    for workload in Self.overVeth { try checkFrames(workload, lab) }
  }

  @Test func framesOverTapAreAccountedFor() throws {
    let lab = try Lab.make(.bridgeTap, named: Lab.randomName(), queues: 2)
    defer { lab.remove() }
    for workload in Self.overTap { try checkFrames(workload, lab) }
  }

  func checkFrames(_ workload: Workload, _ lab: Lab) throws {
    let route = Traffic.Route(lab, bypassingQdisc: workload.bypassQdisc)
    let session = try TrafficSession(workload, over: route, runID: 0x1234_5678_9abc_def0)
    defer { session.close() }
    for _ in 0..<3 {
      let sample = try session.measure(seconds: 0.02)
      #expect(!sample.isWorthless, "\(workload): \(sample)")
      let dropped = sample.drops.values.reduce(0, +)
      #expect(try sample.count(.delivered) > 0)
      #expect(try sample.count(.delivered) + Int(dropped) >= sample.count(.offered))
      #expect(try sample.count(.lost) == sample.count(.offered) - sample.count(.delivered))
      for metric in [Metric.unexplained, .duplicated, .reordered, .corrupt] {
        #expect(try sample.count(metric) == 0, "\(workload.name) \(metric): \(sample)")
      }
      #expect(sample.duration > 0)
      #expect((sample.metrics[.intendedRate] != nil) == (workload.kind != .flood))
      #expect((sample.metrics[.gapErrorP99] != nil) == (workload.kind == .rate))
    }
  }

  @Test(arguments: LabTopology.ofAnyKernel) func everyEchoComesBack(_ topology: LabTopology) throws
  {
    let lab = try Lab.make(topology, named: Lab.randomName(), queues: 2)
    defer { lab.remove() }
    let workload = Workload(
      name: "latency", datapath: topology == .veth ? .packet : .tap, kind: .latency, rate: 5000,
      flows: 8)
    let session = try TrafficSession(workload, over: Traffic.Route(lab), runID: 3)
    defer { session.close() }
    let sample = try session.measure(seconds: 0.25)
    #expect(!sample.isWorthless, "\(sample)")
    #expect(try sample.count(.delivered) == sample.count(.offered))
    #expect(try sample.count(.offered) > 0)
    let percentiles = [Metric.latencyP50, .latencyP99, .latencyP999, .latencyMaximum]
      .compactMap { sample.metrics[$0] }
    #expect(percentiles.count >= 2)
    #expect(percentiles == percentiles.sorted())
    #expect(percentiles[0] > 0)
  }

  @Test(arguments: [1, 3]) func everyByteOfAStreamArrives(connections: Int) throws {
    let lab = try Lab.make(.veth, named: Lab.randomName(), queues: 2)
    defer { lab.remove() }
    let workload = Workload(name: "tcp", datapath: .tcp, kind: .stream, threads: connections)
    let session = try TrafficSession(workload, over: Traffic.Route(lab), runID: 3)
    defer { session.close() }
    for _ in 0..<3 {
      let sample = try session.measure(seconds: 0.02)
      #expect(!sample.isWorthless)
      #expect(try #require(sample.metrics[.throughput]) > 0)
      #expect(sample.metrics[.retransmitted] != nil)
      #expect(sample.metrics[.delivered] == nil)
    }
    #expect(session.frameBytes == 0)
  }

  @Test func twoSessionsOfOneLabDoNotHearEachOther() throws {
    let lab = try Lab.make(.veth, named: Lab.randomName(), queues: 1)
    defer { lab.remove() }
    let sessions = try (0..<2).map {
      try TrafficSession(
        Workload(name: "w", datapath: .packet, kind: .rate, rate: 5000, flows: 2),
        over: Traffic.Route(lab), runID: UInt64($0))
    }
    for _ in 0..<4 {
      for session in sessions {
        let sample = try session.measure(seconds: 0.02)
        #expect(try sample.count(.foreign) == 0)
        #expect(try sample.count(.delivered) == sample.count(.offered))
      }
    }
    for session in sessions { session.close() }
  }

  @Test func whatDoesNotFitIsRefused() throws {
    let lab = try Lab.make(.veth, named: Lab.randomName(), queues: 1)
    defer { lab.remove() }
    let route = Traffic.Route(lab)
    let tooLarge = Workload(name: "w", datapath: .packet, kind: .flood, frame: .bytes(1515))
    #expect(throws: WorkloadError.self) { try TrafficSession(tooLarge, over: route, runID: 1) }
    let noTap = Workload(name: "w", datapath: .tap, kind: .flood)
    #expect(throws: WorkloadError.self) { try TrafficSession(noTap, over: route, runID: 1) }
    let wrongMTU = Workload(name: "w", datapath: .packet, kind: .flood, frame: .mtu)
    let error = #expect(throws: SystemCallError.self) {
      try TrafficSession(wrongMTU, over: Traffic.Route(lab, mtu: 9000), runID: 1)
    }
    #expect(error?.errno == .messageTooLong)
  }

  @Test func aDeviceThatGoesDownIsAnError() throws {
    let lab = try Lab.make(.veth, named: Lab.randomName(), queues: 1)
    defer { lab.remove() }
    let session = try TrafficSession(
      Workload(name: "w", datapath: .packet, kind: .flood), over: Traffic.Route(lab), runID: 1)
    defer { session.close() }
    try lab.tool("ip", "link set dev a down", at: lab.sender.device)
    #expect(throws: SystemCallError.self) { try session.measure(seconds: 0.02) }
    try lab.tool("ip", "link set dev a up", at: lab.sender.device)
    _ = try session.measure(seconds: 0.02)
  }

  /// Sockets by what the namespaces list, threads by their names.
  @Test func nothingIsLeftOfTwoHundredSessions() throws {
    let lab = try Lab.make(.veth, named: Lab.randomName(), queues: 1)
    defer { lab.remove() }
    let workloads = [
      Workload(name: "w", datapath: .packet, kind: .rate, rate: 1000),
      Workload(name: "w", datapath: .packet, kind: .latency, rate: 1000),
      Workload(name: "w", datapath: .tcp, kind: .stream),
      Workload(name: "w", datapath: .packet, kind: .flood, threads: 2),
    ]
    let before = try traces(lab)
    for round in 0..<200 {
      let session = try TrafficSession(
        workloads[round % 4], over: Traffic.Route(lab), runID: UInt64(round))
      _ = try session.measure(seconds: 0.001)
      session.close()
    }
    let after = try traces(lab)
    #expect(after == before)
  }

  /// Packet sockets of both namespaces, and threads of ours.
  private func traces(_ lab: Lab) throws -> [Int] {
    let sockets = try lab.namespaces.map { namespace in
      try namespace.run {
        try HostFiles.live.read("/proc/thread-self/net/packet").split(separator: "\n").count
      }
    }
    let names = HostFiles.live.list("/proc/self/task").compactMap {
      HostFiles.live.readIfPresent("/proc/self/task/\($0)/comm")
    }
    let ours = ["kvmtune-rx", "kvmtune-tx", "kvmtune-probe", "kvmtune-echo"]
    return sockets + [names.filter { name in ours.contains { name.hasPrefix($0) } }.count]
  }
}
