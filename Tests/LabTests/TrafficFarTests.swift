import Kernel
import Lab
import Measurement
import Netlink
import Sweep
import SystemPackage
import TestSupport
import Testing

@testable import Traffic

/// One end behind a peer: the same counts as with both ends here.
@Suite(.serialized, .enabled(if: LabTier.isOn, "\(LabTier.reason)"))
struct TrafficFarTests {
  static let workloads: [Workload] =
    Direction.allCases.flatMap { direction in
      [
        Workload(name: "flood", datapath: .packet, kind: .flood, direction: direction),
        Workload(
          name: "flows", datapath: .packet, kind: .flood, frame: .mtu, direction: direction,
          threads: 2, flows: 16),
        Workload(name: "rate", datapath: .packet, kind: .rate, rate: 20_000, direction: direction),
        Workload(name: "burst", datapath: .packet, kind: .burst, direction: direction, burst: 200),
      ]
    } + TrafficTests.overUDP

  @Test(arguments: [0, 7_000_000_000, -9_000_000_000]) func framesAreAccountedFor(ahead: Int64)
    throws
  {
    let lab = try Lab.make(.veth, named: Lab.randomName(), queues: 2)
    defer { lab.remove() }
    let peer = FarBench(lab, ahead: ahead)
    for workload in Self.workloads {
      let session = try TrafficSession(workload, over: Traffic.Route(lab, to: peer), runID: 5)
      defer { session.close() }
      for _ in 0..<3 {
        let sample = try session.measure(seconds: 0.05)
        #expect(!sample.isWorthless, "\(workload): \(sample)")
        let dropped = sample.drops.values.reduce(0, +)
        #expect(try sample.count(.delivered) > 0)
        #expect(try sample.count(.delivered) + Int(dropped) >= sample.count(.offered))
        for metric in [Metric.unexplained, .duplicated, .reordered, .corrupt] {
          #expect(try sample.count(metric) == 0, "\(workload.name) \(metric): \(sample)")
        }
        #expect(sample.duration > 0 && sample.duration < 5, "\(workload): \(sample)")
        #expect(sample.metrics[.guestCPUPerFrame] != nil)
      }
    }
  }

  @Test(arguments: [Datapath.packet, .udp], [true, false])
  func everyEchoComesBack(datapath: Datapath, isFar: Bool) throws {
    let lab = try Lab.make(.veth, named: Lab.randomName(), queues: 1)
    defer { lab.remove() }
    let peer = FarBench(lab, ahead: 3_000_000_000)
    let session = try TrafficSession(
      Workload(
        name: "latency", datapath: datapath, kind: .latency, rate: 5000,
        flows: datapath == .udp ? 1 : 8),
      over: isFar ? Traffic.Route(lab, to: peer) : Traffic.Route(lab), runID: 3)
    defer { session.close() }
    let sample = try session.measure(seconds: 0.25)
    #expect(!sample.isWorthless, "\(sample)")
    #expect(try sample.count(.delivered) == sample.count(.offered))
    #expect(try sample.count(.offered) > 0)
    #expect(try #require(sample.metrics[.latencyP50]) < 1_000_000)
  }

  @Test(arguments: [Direction.toReceiver, .toSender], [1, 2])
  func everyByteOfAStreamArrives(direction: Direction, connections: Int) throws {
    let lab = try Lab.make(.veth, named: Lab.randomName(), queues: 2)
    defer { lab.remove() }
    let workload = Workload(
      name: "tcp", datapath: .tcp, kind: .stream, direction: direction, threads: connections)
    let peer = FarBench(lab, ahead: 3_000_000_000)
    let routes = [try Traffic.Route(lab, to: peer), Traffic.Route(lab)]
    for route in routes {
      let session = try TrafficSession(workload, over: route, runID: 3)
      defer { session.close() }
      for _ in 0..<3 {
        let sample = try session.measure(seconds: 0.05)
        #expect(!sample.isWorthless, "\(sample)")
        #expect(try #require(sample.metrics[.throughput]) > 0)
        #expect(sample.duration > 0 && sample.duration < 5, "\(sample)")
      }
    }
  }

  @Test func aWindowTakesFewQuestions() throws {
    let lab = try Lab.make(.veth, named: Lab.randomName(), queues: 1)
    defer { lab.remove() }
    let peer = FarBench(lab)
    for direction in [Direction.toReceiver, .toSender] {
      let session = try TrafficSession(
        Workload(name: "w", datapath: .packet, kind: .rate, rate: 5000, direction: direction),
        over: Traffic.Route(lab, to: peer), runID: 3)
      defer { session.close() }
      let before = peer.requests
      _ = try session.measure(seconds: 0.02)
      // CPU time before and after, start, finish, and ears shut.
      #expect(peer.requests - before <= 5)
    }
  }

  /// A full queue at either end: what it refused and dropped is told as with both ends here.
  @Test(arguments: [Datapath.packet, .udp], Direction.allCases.filter { $0 != .both })
  func aSlowPathIsWaitedFor(datapath: Datapath, direction: Direction) throws {
    let lab = try Lab.make(.veth, named: Lab.randomName(), queues: 1)
    defer { lab.remove() }
    let slow = direction == .toReceiver ? lab.sender.device : lab.receiver.device
    try lab.tool(
      "tc", "qdisc add dev \(slow.name) root tbf rate 20mbit burst 10kb latency 60ms", at: slow)
    let workload = Workload(
      name: "w", datapath: datapath, kind: .flood, frame: .mtu, direction: direction)
    let session = try TrafficSession(
      workload, over: Traffic.Route(lab, to: FarBench(lab, ahead: 4_000_000_000)), runID: 1)
    defer { session.close() }
    let sample = try session.measure(seconds: 0.05)
    #expect(!sample.isWorthless, "\(sample)")
    #expect(try sample.count(.refused) > 0)
    #expect(try sample.count(.delivered) == sample.count(.offered))
    #expect(try sample.count(.unexplained) == 0)
    #expect(try #require(sample.metrics[.throughput]) < 40_000_000)
  }

  /// The far device's own counters, as a guest's agent reads them.
  @Test func whatTheFarEndDropsIsNamed() throws {
    let lab = try Lab.make(.veth, named: Lab.randomName(), queues: 1)
    defer { lab.remove() }
    let there = try NetlinkSession(in: lab.receiver.device.namespace)
    defer { there.close() }
    let peer = FarBench { try TrafficDevice(ofGuest: $0, there) }
    let end = try RemoteEnd(peer, device: "b")
    #expect(end.ipv4 == "198.18.0.2")
    #expect(end.address == lab.receiver.address)
    #expect(end.mtu == 1500)
    #expect(end.arriving.map(\.hop) == ["guest-nic", "guest-backlog", "guest-queue"])
    #expect(end.leaving.map(\.hop) == ["guest-qdisc", "guest-transmit"])
    let b = lab.receiver.device
    try lab.tool("tc", "qdisc add dev b root tbf rate 20mbit burst 10kb limit 20kb", at: b)
    let route = Traffic.Route(
      sender: .local(lab.sender), receiver: .remote(end), drops: end.arriving,
      reverseDrops: end.leaving, mtu: 1500)
    let workload = Workload(
      name: "w", datapath: .packet, kind: .flood, frame: .mtu, direction: .toSender)
    let session = try TrafficSession(workload, over: route, runID: 1)
    defer { session.close() }
    let sample = try session.measure(seconds: 0.1)
    #expect(!sample.isWorthless, "\(sample)")
    let refused = try sample.count(.refused)
    #expect(refused > 0)
    // What the sender was refused was never offered, and its qdisc counted nothing else.
    #expect(sample.drops["guest-qdisc"] == 0)
    #expect(sample.drops["guest-transmit"] == 0)
    #expect(try sample.count(.unexplained) == 0)
  }

  /// Lost on the way from a far sender, with nobody told: the ledger knows where.
  @Test func aShortTapRingDropsAndIsNamed() throws {
    let lab = try Lab.make(.bridgeTap, named: Lab.randomName(), queues: 1)
    defer { lab.remove() }
    try lab.tool("ip", "link set dev tap0 txqueuelen 2", at: lab.receiver.device)
    let peer = FarBench(ahead: -5_000_000_000) { _ in
      TrafficDevice(endpoint: lab.sender, mtu: { 1500 }, arriving: [], leaving: [])
    }
    let route = Traffic.Route(
      sender: .remote(try RemoteEnd(peer, device: "a")), receiver: .local(lab.receiver),
      drops: lab.drops, reverseDrops: lab.reverseDrops, mtu: 1500)
    let workload = Workload(name: "w", datapath: .tap, kind: .burst, burst: 256)
    let session = try TrafficSession(workload, over: route, runID: 1)
    defer { session.close() }
    let sample = try session.measure(seconds: 0.1)
    let lost = try sample.count(.lost)
    #expect(lost > 0)
    #expect(sample.drops["tap-ring"].map(Int.init) == lost)
    #expect(try sample.count(.unexplained) == 0)
  }

  /// The far end's refusals come back with the kernel's number, and the session with them ends.
  @Test func aFailureCrosses() throws {
    let lab = try Lab.make(.veth, named: Lab.randomName(), queues: 1)
    defer { lab.remove() }
    let peer = FarBench(lab)
    #expect(throws: TrafficFailure.self) { try RemoteEnd(peer, device: "nothing") }
    let route = try Traffic.Route(lab, to: peer)
    let workload = Workload(
      name: "w", datapath: .packet, kind: .flood, direction: .toSender)
    let session = try TrafficSession(workload, over: route, runID: 1)
    defer { session.close() }
    try lab.tool("ip", "link set dev b down", at: lab.receiver.device)
    let error = #expect(throws: TrafficFailure.self) { try session.measure(seconds: 0.02) }
    #expect(error?.errno == Errno.networkDown.rawValue)
    try lab.tool("ip", "link set dev b up", at: lab.receiver.device)
    _ = try session.measure(seconds: 0.02)
  }

  /// Every datagram sent is read or counted as dropped, also those after the last that was read.
  @Test func aFullSocketCountsWhatItLost() throws {
    let lab = try Lab.make(.veth, named: Lab.randomName(), queues: 1)
    defer { lab.remove() }
    let far = try DatagramSocket(in: lab.receiver.device.namespace)
    var inbox = DatagramInbox(far, bytes: 18)
    let near = try DatagramSocket(
      in: lab.sender.device.namespace, peer: SocketAddress("198.18.0.2", port: far.port))
    let sink = DatagramSink(near)
    let batch = FrameBatch(capacity: 1000, frameBytes: 18)
    var sent = 0
    while sent < 200_000 { sent += try sink.send(batch, 0..<1000).accepted }
    var received = 0
    while true {
      let count = try inbox.receive(waiting: 10) { frame, _ in #expect(frame.byteCount == 18) }
      if count == 0 { break }
      received += count
    }
    let dropped = try inbox.takeDrops()
    #expect(dropped > 0)
    #expect(received + Int(dropped) == sent)
    #expect(try inbox.takeDrops() == 0)
  }
}
