import Kernel
import Lab
import Measurement
import TestSupport
import Testing

@testable import Traffic

/// Connections and ping-pong over TCP, held against what the kernel of both ends counts.
@Suite(.serialized, .enabled(if: LabTier.isOn, "\(LabTier.reason)"))
struct ConnectionTests {
  /// A counter of `nstat` at one end.
  private func counter(_ name: String, at device: NetworkDevice) throws -> Int {
    let tool = try #require(Program.tool("nstat"))
      .inNamespace(try #require(device.namespace.name))
    let ended = try tool.run(["-asz", name])
    let row = try #require(ended.output.split(separator: "\n").last { $0.hasPrefix(name) })
    return try #require(Int(row.split(separator: " ")[1]))
  }

  private func session(_ workload: Workload, _ lab: Lab, isFar: Bool = false) throws
    -> TrafficSession
  {
    let route = isFar ? try Traffic.Route(lab, to: FarBench(lab)) : Traffic.Route(lab)
    return try TrafficSession(workload, over: route, runID: 1)
  }

  @Test(arguments: [false, true], [1, 3])
  func everyConnectionIsAccepted(isFar: Bool, threads: Int) throws {
    let lab = try Lab.make(.veth, named: Lab.randomName(), queues: 1)
    defer { lab.remove() }
    let workload = Workload(name: "w", datapath: .tcp, kind: .connect, threads: threads)
    let session = try session(workload, lab, isFar: isFar)
    defer { session.close() }
    for _ in 0..<3 {
      let begun = try counter("TcpActiveOpens", at: lab.sender.device)
      let taken = try counter("TcpPassiveOpens", at: lab.receiver.device)
      let sample = try session.measure(seconds: 0.1)
      #expect(!sample.isWorthless, "\(sample)")
      let opened = try counter("TcpActiveOpens", at: lab.sender.device) - begun
      #expect(opened == (try counter("TcpPassiveOpens", at: lab.receiver.device) - taken))
      #expect(try sample.count(.failedConnections) == 0)
      #expect(sample.drops == ["listen-overflow": 0, "listen-drop": 0])
      let rate = try #require(sample.metrics[.connectionRate])
      // All that were opened, but for those that ended after the window.
      let inTime = Int((rate * sample.duration).rounded())
      #expect(inTime <= opened && inTime >= opened - 64 * threads && inTime > 0)
      #expect(try #require(sample.metrics[.latencyP50]) > 0)
    }
    // Nothing waits for its port to become free.
    for device in [lab.sender.device, lab.receiver.device] {
      let ss = try #require(Program.tool("ss")).inNamespace(try #require(device.namespace.name))
      #expect(try ss.run(["-Htan", "state", "time-wait"]).output.isEmpty)
    }
  }

  /// The bound of the queue is read anew for each window, as a sweep changes it.
  @Test(arguments: [false, true]) func aShortAcceptQueueShows(isFar: Bool) throws {
    let lab = try Lab.make(.veth, named: Lab.randomName(), queues: 1)
    defer { lab.remove() }
    let workload = Workload(name: "w", datapath: .tcp, kind: .connect, batch: 256)
    let session = try session(workload, lab, isFar: isFar)
    defer { session.close() }
    try lab.receiver.device.namespace.run {
      try HostFiles.live.write("1", to: "/proc/sys/net/core/somaxconn")
    }
    let before = try counter("TcpExtListenOverflows", at: lab.receiver.device)
    let again = try counter("TcpExtTCPSynRetrans", at: lab.sender.device)
    let sample = try session.measure(seconds: 0.2)
    let overflows = try counter("TcpExtListenOverflows", at: lab.receiver.device) - before
    #expect(overflows > 0)
    #expect(sample.drops["listen-overflow"].map(Int.init) == overflows)
    let resent = try counter("TcpExtTCPSynRetrans", at: lab.sender.device) - again
    #expect(try sample.count(.retransmitted) == resent)
    #expect(resent > 0)
  }

  @Test func nobodyListensIsAFailure() throws {
    let lab = try Lab.make(.veth, named: Lab.randomName(), queues: 1)
    defer { lab.remove() }
    let workload = Workload(name: "w", datapath: .tcp, kind: .connect, batch: 4)
    let sending = try ConnectSending(
      workload, in: lab.sender.device.namespace, to: [SocketAddress("198.18.0.2", port: 9)],
      cpus: [0])
    defer { sending.close() }
    _ = try sending.begin()
    try sending.start(nanoseconds: 20_000_000)
    let counts = try #require(try sending.finish().1.connections)
    #expect(counts.attempted > 0 && counts.refused == counts.attempted)
  }

  @Test func portsThatRunOutAreFailures() throws {
    let lab = try Lab.make(.veth, named: Lab.randomName(), queues: 1)
    defer { lab.remove() }
    try lab.sender.device.namespace.run {
      try HostFiles.live.write("40000 40001", to: "/proc/sys/net/ipv4/ip_local_port_range")
    }
    let session = try session(
      Workload(name: "w", datapath: .tcp, kind: .connect, batch: 64), lab)
    defer { session.close() }
    // Who accepts fast enough gives every port back before the next one is wanted.
    var failed = 0
    for _ in 0..<20 where failed == 0 {
      let sample = try session.measure(seconds: 0.05)
      failed = try sample.count(.failedConnections)
      #expect(try #require(sample.metrics[.connectionRate]) > 0)
    }
    #expect(failed > 0)
  }

  @Test(arguments: [false, true], [(1, 1), (200, 1), (1, 65_536), (3000, 3000)])
  func everyRequestHasItsResponse(isFar: Bool, bytes: (Int, Int)) throws {
    let lab = try Lab.make(.veth, named: Lab.randomName(), queues: 1)
    defer { lab.remove() }
    let workload = Workload(
      name: "w", datapath: .tcp, kind: .requestResponse, request: bytes.0, response: bytes.1)
    let session = try session(workload, lab, isFar: isFar)
    defer { session.close() }
    for _ in 0..<3 {
      let sent = try counter("TcpOutSegs", at: lab.sender.device)
      let sample = try session.measure(seconds: 0.05)
      #expect(!sample.isWorthless, "\(sample)")
      let rate = try #require(sample.metrics[.transactionRate])
      let count = Int((rate * sample.duration).rounded())
      #expect(count > 0)
      // Each request is a segment at least; an acknowledgement of a response may come on top.
      #expect(try counter("TcpOutSegs", at: lab.sender.device) - sent >= count)
      #expect(try sample.count(.retransmitted) == 0)
      let percentiles = [Metric.latencyP50, .latencyP99, .latencyP999, .latencyMaximum]
        .compactMap { sample.metrics[$0] }
      #expect(percentiles == percentiles.sorted() && percentiles[0] > 0)
    }
  }
}
