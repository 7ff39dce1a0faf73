import Kernel
import Lab
import Measurement
import TestSupport
import Testing

@testable import Traffic

/// One end behind a peer: the same counts as with both ends here.
@Suite(.serialized, .enabled(if: LabTier.isOn, "\(LabTier.reason)"))
struct TrafficFarTests {
  static let workloads: [Workload] = Direction.allCases.flatMap { direction in
    [
      Workload(name: "flood", datapath: .packet, kind: .flood, direction: direction),
      Workload(
        name: "flows", datapath: .packet, kind: .flood, frame: .mtu, direction: direction,
        threads: 2, flows: 16),
      Workload(name: "rate", datapath: .packet, kind: .rate, rate: 20_000, direction: direction),
      Workload(name: "burst", datapath: .packet, kind: .burst, direction: direction, burst: 200),
    ]
  }

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
        #expect(sample.duration >= 0.04 && sample.duration < 2, "\(workload): \(sample)")
        #expect(sample.metrics[.guestCPUPerFrame] != nil)
      }
    }
  }

  @Test func everyEchoComesBack() throws {
    let lab = try Lab.make(.veth, named: Lab.randomName(), queues: 1)
    defer { lab.remove() }
    let session = try TrafficSession(
      Workload(name: "latency", datapath: .packet, kind: .latency, rate: 5000, flows: 8),
      over: Traffic.Route(lab, to: FarBench(lab, ahead: 3_000_000_000)), runID: 3)
    defer { session.close() }
    let sample = try session.measure(seconds: 0.25)
    #expect(!sample.isWorthless, "\(sample)")
    #expect(try sample.count(.delivered) == sample.count(.offered))
    #expect(try sample.count(.offered) > 1000)
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
        #expect(sample.duration >= 0.04 && sample.duration < 2, "\(sample)")
      }
    }
  }
}
