import Foundation
import Kernel
import Lab
import Measurement
import Netlink
import TestSupport
import Testing

@testable import Traffic

/// Frames of several sizes, and very large ones.
@Suite(.serialized, .enabled(if: LabTier.isOn, "\(LabTier.reason)"))
struct MixedFrameTests {
  static let overVeth: [Workload] = [
    Workload(name: "flood", datapath: .packet, kind: .flood, frame: .imix),
    Workload(
      name: "two threads", datapath: .packet, kind: .flood, frame: .imix, threads: 2, flows: 8,
      batch: 1024),
    Workload(name: "rate", datapath: .packet, kind: .rate, frame: .imix, rate: 12_000),
    Workload(
      name: "back", datapath: .packet, kind: .flood, frame: .imix, direction: .toSender, flows: 5,
      batch: 7),
    Workload(name: "udp", datapath: .udp, kind: .burst, frame: .imix, burst: 50),
  ]
  static let overTap: [Workload] = Direction.allCases.map {
    Workload(name: "tap", datapath: .tap, kind: .rate, frame: .imix, rate: 12_000, direction: $0)
  }

  /// Places of one size in memory, whatever the frames have.
  static let overXDP: [Workload] = [
    Workload(name: "xdp", datapath: .xdp, kind: .flood, frame: .imix, batch: 7),
    Workload(name: "xdp rate", datapath: .xdp, kind: .rate, frame: .imix, rate: 12_000),
    Workload(
      name: "xdp both", datapath: .xdp, kind: .burst, frame: .imix, direction: .both, threads: 2,
      flows: 8, burst: 50),
  ]

  @Test(arguments: [false, true]) func everySizeIsAccountedFor(isFar: Bool) throws {
    let veth = try Lab.make(.veth, named: Lab.randomName(), queues: 2)
    defer { veth.remove() }
    let tap = try Lab.make(.bridgeTap, named: Lab.randomName(), queues: 2)
    defer { tap.remove() }
    for workload in Self.overVeth + (isFar ? [] : Self.overTap + Self.overXDP) {
      let lab = workload.datapath == .tap ? tap : veth
      let route =
        if isFar {
          try Traffic.Route(lab, to: FarBench(lab))
        } else if workload.datapath == .xdp {
          Traffic.Route(xdpThrough: lab)
        } else {
          Traffic.Route(lab)
        }
      let session = try TrafficSession(workload, over: route, runID: 9)
      defer { session.close() }
      #expect(session.frameBytes == 358)
      let sample = try session.measure(seconds: 0.1)
      #expect(!sample.isWorthless, "\(workload): \(sample)")
      for metric in [Metric.unexplained, .duplicated, .reordered, .corrupt, .foreign] {
        #expect(try sample.count(metric) == 0, "\(workload.name) \(metric): \(sample)")
      }
      // Bytes by what arrived, size by size; without loss they are those of the cycle.
      let delivered = try sample.count(.delivered)
      #expect(delivered > 0)
      if try sample.count(.lost) == 0 && workload.direction != .both && workload.threads == 1 {
        let bytes = try #require(sample.metrics[.throughput]) * sample.duration / 8
        #expect(abs(bytes - Double(delivered) * 4294 / 12) < 1514 * 3, "\(workload.name)")
      }
    }
  }

  @Test func everyMixedEchoComesBack() throws {
    let lab = try Lab.make(.veth, named: Lab.randomName(), queues: 1)
    defer { lab.remove() }
    for datapath in [Datapath.packet, .udp, .xdp] {
      let session = try TrafficSession(
        Workload(name: "w", datapath: datapath, kind: .latency, frame: .imix, rate: 3000),
        over: datapath == .xdp ? Traffic.Route(xdpThrough: lab) : Traffic.Route(lab), runID: 3)
      defer { session.close() }
      let sample = try session.measure(seconds: 0.1)
      #expect(!sample.isWorthless, "\(sample)")
      #expect(try sample.count(.delivered) == sample.count(.offered))
      #expect(try sample.count(.corrupt) + sample.count(.foreign) == 0)
    }
  }

  /// What the devices count is as many bytes as a cycle of the mix has, frame by frame.
  @Test func theDevicesCountTheBytesOfTheMix() throws {
    let lab = try Lab.make(.veth, named: Lab.randomName(), queues: 1)
    defer { lab.remove() }
    let counters = try NetlinkSession(in: lab.receiver.device.namespace)
    defer { counters.close() }
    let session = try TrafficSession(
      Workload(name: "w", datapath: .xdp, kind: .rate, frame: .imix, rate: 6000, batch: 7),
      over: Traffic.Route(xdpThrough: lab), runID: 4)
    defer { session.close() }
    let index = lab.receiver.device.index
    let before = try counters.link(index: index).statistics
    let sample = try session.measure(seconds: 0.1)
    let after = try counters.link(index: index).statistics
    #expect(try sample.count(.lost) == 0, "\(sample)")
    let frames = try sample.count(.delivered)
    #expect(after.receivedPackets - before.receivedPackets == UInt64(frames))
    let cycle = [60, 590, 60, 60, 590, 60, 60, 590, 60, 60, 590, 1514]
    // Any frames in a row are whole cycles and a part that begins anywhere.
    let rest = (0..<12).map { start in
      (0..<frames % 12).reduce(0) { $0 + cycle[(start + $1) % 12] }
    }
    // The end that receives by a ring counts without the Ethernet headers.
    let received = Int(after.receivedBytes - before.receivedBytes) + 14 * frames
    let bytes = received - frames / 12 * 4294
    #expect(rest.contains(bytes), "\(frames) frames: \(bytes)")
  }

  /// Single frames, pairs and sevens: the mix on the wire is the same.
  @Test(arguments: [1, 2, 7, 64]) func theMixOnTheWireIsExact(batch: Int) throws {
    let lab = try Lab.make(.veth, named: Lab.randomName(), queues: 1)
    defer { lab.remove() }
    let folder = try TemporaryFolder()
    let file = folder.path + "/frames.pcapng"
    let tshark = try #require(Program.tool("tshark"))
    let frames = 600
    let capture = try tshark.inNamespace(try #require(lab.receiver.device.namespace.name))
      .start(
        ["-i", lab.receiver.device.name, "-w", file, "-q", "-f", "inbound and udp"]
          + ["-c", "\(frames)", "-a", "duration:20"])
    let session = try TrafficSession(
      Workload(
        name: "w", datapath: .packet, kind: .rate, frame: .imix, rate: 5000, flows: 5,
        batch: batch),
      over: Traffic.Route(lab), runID: 77)
    while capture.process.isRunning { _ = try session.measure(seconds: 0.05) }
    session.close()
    _ = try capture.wait()
    let base = ["-n", "-r", file, "-o", "udp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"]
    let good = try tshark.run(
      base + ["-Y", "udp.checksum.status == 1 && ip.checksum.status == 1", "-T", "fields"]
        + ["-e", "frame.len"])
    let sizes = good.output.split(separator: "\n").compactMap { Int($0) }
    #expect(sizes.count == frames)
    // Any twelve in a row are a whole cycle.
    for start in sizes.indices.dropLast(11) {
      #expect(sizes[start..<start + 12].reduce(0, +) == 4294)
    }
    #expect(sizes.count { $0 == 60 } == frames * 7 / 12)
    #expect(sizes.count { $0 == 590 } == frames * 4 / 12)
  }

  @Test func aMixThatDoesNotFitIsRefused() throws {
    let lab = try Lab.make(.veth, named: Lab.randomName(), queues: 1)
    defer { lab.remove() }
    let error = #expect(throws: WorkloadError.self) {
      try TrafficSession(
        Workload(name: "w", datapath: .packet, kind: .flood, frame: .imix),
        over: Traffic.Route(lab, mtu: 1400), runID: 1)
    }
    #expect(error?.reason == "a frame of 1514 bytes does not fit an MTU of 1400")
  }

  @Test(arguments: [64, 1518, 4096, 9000, 9014]) func jumboFramesAreAccountedFor(bytes: Int) throws
  {
    let lab = try Lab.make(.veth, named: Lab.randomName(), queues: 1)
    defer { lab.remove() }
    for device in lab.path {
      try lab.tool("ip", "link set dev \(device.name) mtu 9000", at: device)
    }
    for datapath in [Datapath.packet, .udp] {
      let session = try TrafficSession(
        Workload(
          name: "w", datapath: datapath, kind: .rate, frame: .bytes(bytes), rate: 5000, flows: 1),
        over: Traffic.Route(lab, mtu: 9000), runID: 1)
      defer { session.close() }
      let sample = try session.measure(seconds: 0.05)
      #expect(!sample.isWorthless, "\(sample)")
      #expect(try sample.count(.delivered) == sample.count(.offered))
      #expect(try sample.count(.corrupt) + sample.count(.foreign) == 0)
      let rate = try #require(sample.metrics[.deliveredRate])
      let bits = try #require(sample.metrics[.throughput])
      #expect(abs(bits - rate * Double(bytes) * 8) < bits * 1e-9)
    }
  }
}
