import Kernel
import Lab
import Measurement
import Netlink
import TestSupport
import Testing

@testable import Traffic

/// The transmit ring counts what it sends as the calls do: each frame is tried once.
@Suite(.serialized, .enabled(if: LabTier.isOn, "\(LabTier.reason)"))
struct PacketTransmitRingTests {
  static let overVeth = [
    Workload(name: "small", datapath: .packet, kind: .flood, transmit: .ring),
    Workload(name: "full", datapath: .packet, kind: .flood, frame: .mtu, transmit: .ring),
    Workload(
      name: "past the qdisc", datapath: .packet, kind: .flood, bypassQdisc: true, transmit: .ring),
    Workload(
      name: "two threads", datapath: .packet, kind: .flood, threads: 2, flows: 16,
      transmit: .ring, batch: 1000),
    Workload(
      name: "rate", datapath: .packet, kind: .rate, frame: .bytes(61), rate: 20_000,
      transmit: .ring),
    Workload(name: "burst", datapath: .packet, kind: .burst, transmit: .ring, burst: 2000),
  ]

  @Test func framesAreAccountedFor() throws {
    let lab = try Lab.make(.veth, named: Lab.randomName(), queues: 2)
    defer { lab.remove() }
    for workload in Self.overVeth { try TrafficTests().checkFrames(workload, lab) }
  }

  /// What is accepted is what the device has sent, frame by frame, in any split of batches.
  @Test(arguments: [60, 1514]) func theDeviceCountsTheSame(frameBytes: Int) throws {
    let lab = try Lab.make(.veth, named: Lab.randomName(), queues: 1)
    defer { lab.remove() }
    let netlink = try NetlinkSession(in: lab.sender.device.namespace)
    func sent() throws -> Int {
      Int(try netlink.link(index: lab.sender.device.index).statistics.transmittedPackets)
    }
    var ring = try PacketTransmitRing(
      sendingOn: lab.sender.device, bypassingQdisc: false, frameBytes: frameBytes)
    let batch = FrameBatch(capacity: 1024, frameBytes: frameBytes)
    let before = try sent()
    var accepted = 0
    for range in [0..<1, 0..<0, 5..<69, 0..<1024, 1000..<1024, 0..<1023, 0..<64] {
      let outcome = try ring.send(batch, range)
      #expect(outcome == SendOutcome(accepted: range.count))
      accepted += outcome.accepted
    }
    #expect(try sent() - before == accepted)
  }

  /// A refused frame is not tried again behind our back, as the kernel would.
  @Test func aFullQueueRefusesAndIsNamed() throws {
    let lab = try Lab.make(.veth, named: Lab.randomName(), queues: 1)
    defer { lab.remove() }
    try lab.tool(
      "tc", "qdisc add dev a root tbf rate 20mbit burst 10kb latency 60ms", at: lab.sender.device)
    let workload = Workload(
      name: "w", datapath: .packet, kind: .flood, frame: .mtu, flows: 4, transmit: .ring)
    let session = try TrafficSession(workload, over: Traffic.Route(lab), runID: 1)
    defer { session.close() }
    let sample = try session.measure(seconds: 0.02)
    #expect(!sample.isWorthless, "\(sample)")
    #expect(try sample.count(.refused) > 0)
    #expect(try sample.count(.delivered) == sample.count(.offered))
    #expect(try sample.count(.unexplained) == 0)
    #expect(try sample.count(.duplicated) == 0)
    // What its sender was refused was never offered, so no hop has dropped it.
    #expect(sample.drops["qdisc"] == 0)
  }

  /// What waits in a long queue keeps its slots: the ring is full before the queue is.
  @Test func framesOnTheirWayKeepTheirSlots() throws {
    let lab = try Lab.make(.veth, named: Lab.randomName(), queues: 1)
    defer { lab.remove() }
    try lab.tool(
      "tc", "qdisc add dev a root tbf rate 100mbit burst 10kb limit 8mb", at: lab.sender.device)
    var ring = try PacketTransmitRing(
      sendingOn: lab.sender.device, bypassingQdisc: false, frameBytes: 1514)
    let batch = FrameBatch(capacity: 1024, frameBytes: 1514)
    #expect(try ring.send(batch, 0..<1024).accepted == 1024)
    let outcome = try ring.send(batch, 0..<1024)
    #expect(outcome.accepted < 1024)
    #expect(outcome.obstacle == .full)
    var left = 1024 - outcome.accepted
    let latest = MonotonicTime.now() + 20_000_000_000
    while left > 0 && MonotonicTime.now() < latest {
      ring.waitForRoom(milliseconds: 10)
      left -= try ring.send(batch, 0..<left).accepted
    }
    #expect(left == 0)
  }

  /// Nothing of a failed call is sent later.
  @Test func aDeviceThatGoesDownIsAnErrorAndIsForgotten() throws {
    let lab = try Lab.make(.veth, named: Lab.randomName(), queues: 1)
    defer { lab.remove() }
    let session = try TrafficSession(
      Workload(name: "w", datapath: .packet, kind: .flood, transmit: .ring),
      over: Traffic.Route(lab), runID: 1)
    defer { session.close() }
    try lab.tool("ip", "link set dev a down", at: lab.sender.device)
    let error = #expect(throws: SystemCallError.self) { try session.measure(seconds: 0.02) }
    #expect(error?.errno == .networkDown)
    try lab.tool("ip", "link set dev a up", at: lab.sender.device)
    for _ in 0..<3 {
      let sample = try session.measure(seconds: 0.02)
      #expect(!sample.isWorthless, "\(sample)")
      for metric in [Metric.unexplained, .duplicated, .foreign, .corrupt] {
        #expect(try sample.count(metric) == 0, "\(metric): \(sample)")
      }
    }
  }

  @Test func aFrameAboveTheMTUIsAnError() throws {
    let lab = try Lab.make(.veth, named: Lab.randomName(), queues: 1)
    defer { lab.remove() }
    func ring(_ bytes: Int) throws {
      _ = try PacketTransmitRing(
        sendingOn: lab.sender.device, bypassingQdisc: false, frameBytes: bytes)
    }
    try ring(1514)
    let error = #expect(throws: SystemCallError.self) { try ring(1515) }
    #expect(error?.errno == .messageTooLong)
    let session = try TrafficSession(
      Workload(name: "w", datapath: .packet, kind: .flood, frame: .mtu, transmit: .ring),
      over: Traffic.Route(lab), runID: 1)
    defer { session.close() }
    try lab.tool("ip", "link set dev a mtu 1400", at: lab.sender.device)
    let later = #expect(throws: SystemCallError.self) { try session.measure(seconds: 0.05) }
    #expect(later?.errno == .messageTooLong)
  }

  /// Jumbo frames are larger than the piece that the kernel copies whole.
  @Test func jumboFramesArriveAsTheyWereSent() throws {
    let lab = try Lab.make(.veth, named: Lab.randomName(), queues: 1)
    defer { lab.remove() }
    for (end, name) in [(lab.sender.device, "a"), (lab.receiver.device, "b")] {
      try lab.tool("ip", "link set dev \(name) mtu 9000", at: end)
    }
    let session = try TrafficSession(
      Workload(name: "w", datapath: .packet, kind: .flood, frame: .mtu, transmit: .ring),
      over: Traffic.Route(lab, mtu: 9000), runID: 1)
    defer { session.close() }
    let sample = try session.measure(seconds: 0.02)
    #expect(!sample.isWorthless, "\(sample)")
    #expect(try sample.count(.delivered) > 0)
    #expect(try sample.count(.corrupt) == 0)
    #expect(try sample.count(.unexplained) == 0)
  }
}
