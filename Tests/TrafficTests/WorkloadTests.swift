import Kernel
import Testing

@testable import Traffic

@Suite struct WorkloadTests {
  @Test func sensibleMixesPass() throws {
    for kind in [WorkloadKind.flood, .burst] {
      for datapath in [Datapath.packet, .tap] {
        try Workload(name: "w", datapath: datapath, kind: kind).validate()
      }
    }
    for direction in Direction.allCases {
      try Workload(name: "w", datapath: .tap, kind: .rate, rate: 1000, direction: direction)
        .validate()
    }
    try Workload(name: "w", datapath: .tap, kind: .latency, rate: 1000).validate()
    try Workload(name: "w", datapath: .tcp, kind: .stream, frame: .mtu, threads: 4).validate()
    try Workload(name: "w", datapath: .tcp, kind: .stream, direction: .toSender).validate()
    for direction in Direction.allCases {
      try Workload(
        name: "w", datapath: .udp, kind: .flood, direction: direction, threads: 2, flows: 2
      ).validate()
    }
    try Workload(name: "w", datapath: .udp, kind: .latency, rate: 1000).validate()
  }

  static let impossible: [(Workload, String)] = [
    (Workload(name: "w", datapath: .packet, kind: .stream), "does not carry"),
    (Workload(name: "w", datapath: .tcp, kind: .flood), "does not carry"),
    (Workload(name: "w", datapath: .tcp, kind: .latency, rate: 9), "does not carry"),
    (Workload(name: "w", datapath: .packet, kind: .rate), "rate needs a rate or a load"),
    (Workload(name: "w", datapath: .packet, kind: .latency), "latency needs a rate or"),
    (Workload(name: "w", datapath: .packet, kind: .flood, rate: 5), "flood has no rate"),
    (Workload(name: "w", datapath: .packet, kind: .rate, rate: 0), "rate must be"),
    (Workload(name: "w", datapath: .packet, kind: .rate, rate: .nan), "rate must be"),
    (Workload(name: "w", datapath: .packet, kind: .rate, rate: .infinity), "rate must be"),
    (Workload(name: "w", datapath: .tcp, kind: .stream, direction: .both), "one way"),
    (
      Workload(name: "w", datapath: .tap, kind: .latency, rate: 9, direction: .toSender),
      "one direction"
    ),
    (Workload(name: "w", datapath: .packet, kind: .latency, rate: 9, threads: 2), "one thread"),
    (Workload(name: "w", datapath: .packet, kind: .flood, frame: .bytes(59)), "60 … 65549"),
    (Workload(name: "w", datapath: .packet, kind: .flood, threads: 0), "threads must"),
    (Workload(name: "w", datapath: .packet, kind: .flood, flows: 4097), "flows must"),
    (Workload(name: "w", datapath: .packet, kind: .flood, batch: 1025), "batch must"),
    (Workload(name: "w", datapath: .packet, kind: .burst, burst: 0), "burst must"),
    (Workload(name: "w", datapath: .tcp, kind: .stream, bypassQdisc: true), "tcp cannot"),
    (Workload(name: "w", datapath: .udp, kind: .flood, bypassQdisc: true), "udp cannot"),
    (Workload(name: "w", datapath: .udp, kind: .flood, threads: 2, flows: 3), "one flow"),
    (Workload(name: "w", datapath: .udp, kind: .stream), "does not carry"),
    (Workload(name: "w", datapath: .packet, kind: .connect), "does not carry connect, but flood"),
    (Workload(name: "w", datapath: .packet, kind: .rate, rate: 9, load: 0.5), "a rate or a load"),
    (Workload(name: "w", datapath: .packet, kind: .latency, load: 1.5), "load must"),
    (Workload(name: "w", datapath: .packet, kind: .burst, load: 0.5), "burst has no load"),
    (Workload(name: "w", datapath: .tap, kind: .flood, transmit: .ring), "only packet"),
    (Workload(name: "w", datapath: .udp, kind: .flood, segments: 65), "segments must"),
    (Workload(name: "w", datapath: .tcp, kind: .stream, segments: 2), "its own super-frames"),
    (Workload(name: "w", datapath: .vhost, kind: .flood, segments: 2), "only packet, tap"),
    (
      Workload(name: "w", datapath: .packet, kind: .latency, rate: 9, segments: 2), "go alone"
    ),
    (
      Workload(name: "w", datapath: .packet, kind: .flood, frame: .imix, segments: 2),
      "of one size"
    ),
    (
      Workload(name: "w", datapath: .packet, kind: .flood, flows: 257, segments: 2), "256 flows"
    ),
    (
      Workload(name: "w", datapath: .packet, kind: .burst, segments: 3, burst: 64),
      "no number of super-frames"
    ),
    (Workload(name: "w", datapath: .packet, kind: .flood, zerocopy: true), "zerocopy is for"),
    (Workload(name: "w", datapath: .tcp, kind: .connect, rate: 5), "connect has no rate"),
    (Workload(name: "w", datapath: .tcp, kind: .requestResponse, threads: 2), "one thread"),
    (Workload(name: "w", datapath: .tcp, kind: .requestResponse, request: 0), "request and"),
    (
      Workload(name: "w", datapath: .tcp, kind: .requestResponse, response: 65_537),
      "1 … 65536 bytes"
    ),
  ]

  @Test(arguments: impossible.indices) func impossibleMixesAreRefused(index: Int) {
    let (workload, words) = Self.impossible[index]
    let error = #expect(throws: WorkloadError.self) { try workload.validate() }
    #expect(error?.description.hasPrefix("workload w: ") == true)
    #expect(error?.reason.contains(words) == true)
  }

  @Test func aFrameFillsTheMTU() {
    #expect(FrameSize.mtu.bytes(mtu: 1500) == 1514)
    #expect(FrameSize.bytes(64).bytes(mtu: 1500) == 64)
    #expect(FrameSize.bytes(64).meanBytes(mtu: 1500) == 64)
    #expect(FrameSize.mtu.cycle == nil)
  }

  /// 7 : 4 : 1 of 64, 594 and 1518 bytes with FCS.
  @Test func theMixIsTheSimpleOne() throws {
    let cycle = try #require(FrameSize.imix.cycle)
    let counts = Dictionary(grouping: cycle) { $0 + 4 }.mapValues(\.count)
    #expect(counts == [64: 7, 594: 4, 1518: 1])
    #expect(FrameSize.imix.bytes(mtu: 68) == 1514)
    #expect(FrameSize.imix.meanBytes(mtu: 68) == 358)
  }

  @Test func sendersAndReceiversShareACPUOnlyIfTheyMust() {
    #expect(
      Placement.spread(threads: 1, over: CPUSet([0, 1])) == Placement(senders: [0], receivers: [1]))
    #expect(
      Placement.spread(threads: 2, over: CPUSet([0, 1]))
        == Placement(senders: [0, 1], receivers: [0, 1]))
    #expect(
      Placement.spread(threads: 2, over: CPUSet([2, 5, 6, 7]))
        == Placement(senders: [2, 5], receivers: [6, 7]))
    #expect(
      Placement.spread(threads: 1, over: CPUSet([3])) == Placement(senders: [3], receivers: [3]))
  }

  @Test func everyFlowHasOneSender() {
    for (flows, threads) in [(1, 1), (7, 3), (16, 4), (5, 5), (4096, 64)] {
      let shares = Workload(
        name: "w", datapath: .packet, kind: .flood, threads: threads, flows: flows
      ).shares
      #expect(shares.flatMap { Array($0) } == Array(0..<flows))
      #expect(shares.allSatisfy { !$0.isEmpty })
    }
  }
}

@Suite struct TimeHistogramTests {
  @Test func percentilesAreInMicroseconds() {
    var histogram = TimeHistogram()
    #expect(histogram.microseconds(atPercentile: 50) == nil)
    for value in 1...1000 { histogram.record(UInt64(value) * 1000) }
    let median = histogram.microseconds(atPercentile: 50) ?? 0
    #expect(abs(median - 500) < 1)
    histogram.record(.max)
    #expect(abs((histogram.microseconds(atPercentile: 100) ?? 0) - 1e8) < 1e5)
    #expect(histogram.count == 1001)
  }
}
