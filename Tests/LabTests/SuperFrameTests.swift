import Foundation
import Kernel
import Lab
import Measurement
import TestSupport
import Testing

@testable import Traffic

/// Super-frames: what is counted are the frames in them.
@Suite(.serialized, .enabled(if: LabTier.isOn, "\(LabTier.reason)"))
struct SuperFrameTests {
  static let overVeth: [Workload] = [Datapath.packet, .udp].flatMap { datapath in
    [
      Workload(name: "flood", datapath: datapath, kind: .flood, frame: .mtu, segments: 44),
      Workload(name: "small", datapath: datapath, kind: .flood, segments: 64, batch: 7),
      Workload(
        name: "odd", datapath: datapath, kind: .flood, frame: .bytes(1001), direction: .toSender,
        segments: 10),
      Workload(
        name: "rate", datapath: datapath, kind: .rate, frame: .bytes(590), rate: 40_000,
        segments: 8),
      Workload(
        name: "burst", datapath: datapath, kind: .burst, frame: .mtu, threads: 2, flows: 2,
        segments: 16, burst: 160),
    ]
  }
  static let overTap: [Workload] = Direction.allCases.flatMap { direction in
    [
      Workload(
        name: "flood", datapath: .tap, kind: .flood, frame: .mtu, direction: direction,
        segments: 44),
      Workload(
        name: "flows", datapath: .tap, kind: .rate, frame: .bytes(590), rate: 40_000,
        direction: direction, threads: 2, flows: 5, segments: 8),
    ]
  }

  static let fromOurMemory: [Workload] = [
    Workload(name: "single", datapath: .udp, kind: .flood, frame: .mtu, zerocopy: true),
    Workload(
      name: "joined", datapath: .udp, kind: .flood, frame: .mtu, direction: .both, segments: 8,
      zerocopy: true),
    Workload(
      name: "rate", datapath: .udp, kind: .rate, frame: .bytes(590), rate: 20_000, threads: 2,
      flows: 2, segments: 4, zerocopy: true),
  ]

  private func check(_ workload: Workload, over route: Traffic.Route) throws {
    let session = try TrafficSession(workload, over: route, runID: 7)
    defer { session.close() }
    for _ in 0..<3 {
      let sample = try session.measure(seconds: 0.05)
      #expect(!sample.isWorthless, "\(workload): \(sample)")
      #expect(try sample.count(.delivered) > 0)
      #expect(try sample.count(.offered) % workload.segments == 0)
      for metric in [Metric.unexplained, .duplicated, .reordered, .corrupt, .foreign] {
        #expect(try sample.count(metric) == 0, "\(workload.name) \(metric): \(sample)")
      }
      if let rate = sample.metrics[.deliveredRate], let bits = sample.metrics[.throughput] {
        let bytes = workload.frame.bytes(mtu: 1500)
        #expect(abs(bits - rate * Double(bytes) * 8) <= bits * 1e-9)
      }
    }
  }

  @Test(arguments: [false, true]) func everySegmentOverVethIsAccountedFor(isFar: Bool) throws {
    let lab = try Lab.make(.veth, named: Lab.randomName(), queues: 2)
    defer { lab.remove() }
    for workload in Self.overVeth + Self.fromOurMemory {
      try check(workload, over: isFar ? Traffic.Route(lab, to: FarBench(lab)) : Traffic.Route(lab))
    }
  }

  @Test func everySegmentOverTapIsAccountedFor() throws {
    let lab = try Lab.make(.bridgeTap, named: Lab.randomName(), queues: 2)
    defer { lab.remove() }
    for workload in Self.overTap { try check(workload, over: Traffic.Route(lab)) }
    // Between windows the TAP is as it was: nothing arrives joined that did not ask for it.
    let features = try #require(Program.tool("ethtool"))
      .inNamespace(try #require(lab.receiver.device.namespace.name))
      .run(["-k", "tap0"]).output
    #expect(features.contains("tx-udp-segmentation: off"))
  }

  /// The kernel's own count of what goes by: whole as they were sent, or cut before the wire.
  @Test(arguments: [Datapath.packet, .udp], [true, false])
  func theWireCarriesWhatWasSaid(datapath: Datapath, whole: Bool) throws {
    let lab = try Lab.make(.veth, named: Lab.randomName(), queues: 1)
    defer { lab.remove() }
    if !whole {
      let ended = try #require(Program.tool("ethtool"))
        .inNamespace(try #require(lab.sender.device.namespace.name))
        .run(
          ["-K", "a", "tx-udp-segmentation", "off"]
            // The stack writes the checksums of what it cuts then, and not the device.
            + (datapath == .packet ? ["tx-checksum-ip-generic", "off"] : []))
      try #require(ended.status == 0, "\(ended.errors)")
    }
    let folder = try TemporaryFolder()
    let file = folder.path + "/frames.pcapng"
    let tshark = try #require(Program.tool("tshark"))
    let capture = try tshark.inNamespace(try #require(lab.receiver.device.namespace.name))
      .start(
        ["-i", "b", "-w", file, "-q", "-f", "inbound and udp", "-c", "200", "-a", "duration:20"])
    let workload = Workload(
      name: "w", datapath: datapath, kind: .rate, frame: .bytes(1042), rate: 20_000, segments: 20)
    let session = try TrafficSession(workload, over: Traffic.Route(lab), runID: 77)
    while capture.process.isRunning {
      let sample = try session.measure(seconds: 0.05)
      #expect(!sample.isWorthless, "\(sample)")
      #expect(try sample.count(.delivered) == sample.count(.offered))
    }
    session.close()
    _ = try capture.wait()
    let read = try tshark.run(
      ["-n", "-r", file, "-o", "ip.check_checksum:TRUE", "-T", "fields"]
        + ["-e", "frame.len", "-e", "ip.checksum.status", "-e", "udp.dstport"])
    let rows = read.output.split(separator: "\n").map { $0.split(separator: "\t") }
    #expect(rows.count == 200)
    #expect(Set(rows.map { $0[0] }) == [whole ? "20042" : "1042"])
    #expect(Set(rows.map { $0[1] }) == ["1"])
    if whole || datapath == .udp { return }
    let good = try tshark.run(
      ["-n", "-r", file, "-o", "udp.check_checksum:TRUE", "-Y", "udp.checksum.status == 1"])
    #expect(good.output.split(separator: "\n").count == 200)
  }

  @Test func whatASuperFrameCannotHoldIsRefused() throws {
    let lab = try Lab.make(.veth, named: Lab.randomName(), queues: 1)
    defer { lab.remove() }
    let error = #expect(throws: WorkloadError.self) {
      try TrafficSession(
        Workload(name: "w", datapath: .packet, kind: .flood, frame: .mtu, segments: 45),
        over: Traffic.Route(lab), runID: 1)
    }
    #expect(error?.reason == "a super-frame holds 44 frames of 1514 bytes, not 45")
  }

  /// What waits in a queue is still sent from our memory, so nothing may be written there.
  @Test func whatWaitsInAQueueIsNotOverwritten() throws {
    let lab = try Lab.make(.veth, named: Lab.randomName(), queues: 1)
    defer { lab.remove() }
    try lab.tool(
      "tc", "qdisc add dev a root tbf rate 50mbit burst 70kb latency 200ms", at: lab.sender.device)
    let session = try TrafficSession(
      Workload(
        name: "w", datapath: .udp, kind: .flood, frame: .mtu, segments: 8, zerocopy: true,
        batch: 32),
      over: Traffic.Route(lab), runID: 1)
    defer { session.close() }
    let sample = try session.measure(seconds: 0.1)
    #expect(!sample.isWorthless, "\(sample)")
    #expect(try sample.count(.corrupt) == 0)
    #expect(try sample.count(.delivered) == sample.count(.offered))
  }

  /// A queue that refuses some of them: the notices of those come at once, and those of others are
  /// waited for all the same.
  @Test(arguments: [1, 8]) func aRefusalIsNoNoticeOfAnother(segments: Int) throws {
    let lab = try Lab.make(.veth, named: Lab.randomName(), queues: 1)
    defer { lab.remove() }
    try lab.tool(
      "tc", "qdisc add dev a root tbf rate 50mbit burst 70kb limit 60000", at: lab.sender.device)
    let session = try TrafficSession(
      Workload(
        name: "w", datapath: .udp, kind: .flood, frame: .mtu, segments: segments, zerocopy: true,
        batch: 64),
      over: Traffic.Route(lab), runID: 1)
    defer { session.close() }
    let sample = try session.measure(seconds: 0.1)
    #expect(!sample.isWorthless, "\(sample)")
    #expect(try sample.count(.refused) > 0 && sample.count(.corrupt) == 0)
    #expect(try sample.count(.duplicated) == 0, "\(sample)")
    #expect(try sample.count(.delivered) == sample.count(.offered), "\(sample)")
    #expect(sample.drops["qdisc"] == 0)
  }

  /// More calls in one batch than the kernel keeps notices of (`net.core.optmem_max`): the rest is
  /// sent when there is room for its own.
  @Test func roomForNoticesIsWaitedFor() throws {
    let lab = try Lab.make(.veth, named: Lab.randomName(), queues: 1)
    defer { lab.remove() }
    try lab.tool(
      "tc", "qdisc add dev a root tbf rate 50mbit burst 3000 limit 100000000",
      at: lab.sender.device)
    let session = try TrafficSession(
      Workload(
        name: "w", datapath: .udp, kind: .flood, frame: .bytes(590), zerocopy: true, batch: 1024),
      over: Traffic.Route(lab), runID: 1)
    defer { session.close() }
    let sample = try session.measure(seconds: 0.1)
    #expect(!sample.isWorthless, "\(sample)")
    #expect(try sample.count(.refused) == 0 && sample.count(.offered) > 0, "\(sample)")
    #expect(try sample.count(.delivered) == sample.count(.offered))
  }

  /// A queue that is too short drops super-frames; the ledger is in frames.
  @Test func lostSuperFramesAreFramesInTheLedger() throws {
    let lab = try Lab.make(.bridgeTap, named: Lab.randomName(), queues: 1)
    defer { lab.remove() }
    try lab.tool("ip", "link set dev tap0 txqueuelen 2", at: lab.receiver.device)
    let session = try TrafficSession(
      Workload(
        name: "w", datapath: .tap, kind: .burst, frame: .mtu, segments: 32, burst: 640),
      over: Traffic.Route(lab), runID: 1)
    defer { session.close() }
    let sample = try session.measure(seconds: 0.1)
    let lost = try sample.count(.lost)
    #expect(lost > 0 && lost % 32 == 0)
    #expect(sample.drops["tap-ring"].map(Int.init) == lost)
    #expect(try sample.count(.unexplained) == 0)
  }

  @Test func aStreamFromOurMemoryArrives() throws {
    let lab = try Lab.make(.veth, named: Lab.randomName(), queues: 1)
    defer { lab.remove() }
    let session = try TrafficSession(
      Workload(name: "w", datapath: .tcp, kind: .stream, threads: 2, zerocopy: true),
      over: Traffic.Route(lab), runID: 1)
    defer { session.close() }
    for _ in 0..<5 {
      let sample = try session.measure(seconds: 0.1)
      #expect(!sample.isWorthless, "\(sample)")
      #expect(try #require(sample.metrics[.throughput]) > 0)
    }
  }
}
