import Kernel
import Lab
import Measurement
import TestSupport
import Testing

@testable import Traffic

/// Faults put in by hand, and paths that lose: each is counted, as what it is.
@Suite(.serialized, .enabled(if: LabTier.isOn, "\(LabTier.reason)"))
struct TrafficFaultTests {
  @Test(arguments: [(1, 60), (2, 60), (3, 61), (4, 300), (5, 1514)])
  func injectedFaultsAreCountedExactly(seed: UInt64, frameBytes: Int) throws {
    let lab = try Lab.make(.veth, named: Lab.randomName(), queues: 1)
    defer { lab.remove() }
    let plan = FaultPlan(seed: seed, frames: 6000, frameBytes: frameBytes)
    let template = FrameTemplate(
      frameBytes: frameBytes, from: lab.sender.address, to: lab.receiver.address, run: 0x5a5a)
    let issued = IssueCounter()
    var receiver = FrameReceiver(
      from: try PacketRing(on: lab.receiver.device), template: template,
      issuers: (0..<FaultPlan.flows).map { _ in issued })
    try receiver.begin()
    issued.limit = 6000
    try plan.shoot(template, from: lab.sender.device)
    let progress = Progress()
    progress.end(offered: UInt64.max - 1)
    try receiver.receive(for: progress, patience: 50_000_000)
    var counted = receiver.report
    counted.last = nil
    #expect(counted.bytes == counted.delivered * UInt64(frameBytes))
    counted.bytes = 0
    #expect(counted == plan.expected)
    #expect(plan.expected.duplicated > 0 && plan.expected.reordered > 0)
    #expect(plan.expected.corrupt > 0 && plan.expected.foreign > 0)
  }

  @Test func numbersThatWereNeverIssuedAreForeign() throws {
    let lab = try Lab.make(.veth, named: Lab.randomName(), queues: 1)
    defer { lab.remove() }
    let template = FrameTemplate(
      frameBytes: 60, from: lab.sender.address, to: lab.receiver.address, run: 1)
    let issued = IssueCounter()
    var receiver = FrameReceiver(
      from: try PacketRing(on: lab.receiver.device), template: template, issuers: [issued])
    try receiver.begin()
    issued.limit = 3
    let plan = FaultPlan(
      shots: [(0, 0), (0, 3), (0, .max), (0, 1), (1, 0), (4095, 2), (0, 2)].map {
        FaultPlan.Shot(flow: $0.0, sequence: $0.1)
      })
    try plan.shoot(template, from: lab.sender.device)
    let progress = Progress()
    progress.end(offered: 100)
    try receiver.receive(for: progress, patience: 50_000_000)
    #expect(receiver.report.delivered == 3)
    #expect(receiver.report.foreign == 4)
    #expect(receiver.report.reordered == 0)
  }

  /// A full queue refuses frames and says so; what it took, it holds back for longer than the
  /// window, and delivers.
  @Test func aSlowPathIsWaitedFor() throws {
    let lab = try Lab.make(.veth, named: Lab.randomName(), queues: 1)
    defer { lab.remove() }
    try lab.tool(
      "tc", "qdisc add dev a root tbf rate 20mbit burst 10kb latency 60ms", at: lab.sender.device)
    let workload = Workload(name: "w", datapath: .packet, kind: .flood, frame: .mtu, flows: 4)
    let session = try TrafficSession(workload, over: Traffic.Route(lab), runID: 1)
    defer { session.close() }
    let sample = try session.measure(seconds: 0.02)
    #expect(!sample.isWorthless, "\(sample)")
    #expect(try sample.count(.refused) > 0)
    #expect(try sample.count(.delivered) == sample.count(.offered))
    #expect(try sample.count(.unexplained) == 0)
    // Without the wait for the last frame the rate would be three times that of the shaper.
    #expect(try #require(sample.metrics[.throughput]) < 40_000_000)
  }

  @Test func aShortTapRingDropsAndIsNamed() throws {
    let lab = try Lab.make(.bridgeTap, named: Lab.randomName(), queues: 1)
    defer { lab.remove() }
    try lab.tool("ip", "link set dev tap0 txqueuelen 2", at: lab.receiver.device)
    let workload = Workload(name: "w", datapath: .tap, kind: .burst, burst: 256)
    let session = try TrafficSession(workload, over: Traffic.Route(lab), runID: 1)
    defer { session.close() }
    let sample = try session.measure(seconds: 0.1)
    let lost = try sample.count(.lost)
    #expect(lost > 0)
    #expect(sample.drops["tap-ring"].map(Int.init) == lost)
    #expect(try sample.count(.unexplained) == 0)
  }
}

/// Frames to send by hand, with faults strewn in, and what a receiver must count of them.
struct FaultPlan {
  struct Shot {
    var flow: Int
    var sequence: UInt64
    /// The bit to turn over, if any.
    var wrongBit: Int?
    /// Of another run.
    var isForeign = false
  }

  static let flows = 3
  var shots: [Shot]

  init(shots: [Shot]) { self.shots = shots }

  init(seed: UInt64, frames: Int, frameBytes: Int) {
    var random = SeededGenerator(seed: seed)
    shots = (0..<frames).map {
      Shot(flow: $0 % Self.flows, sequence: UInt64($0 / Self.flows))
    }
    shots.removeAll { _ in Int.random(in: 0..<20, using: &random) == 0 }
    for _ in 0..<(frames / 20) {
      let from = Int.random(in: 0..<(shots.count - 60), using: &random)
      shots.insert(shots[from], at: from + Int.random(in: 1...50, using: &random))
      shots.swapAt(from, from + Int.random(in: 1...20, using: &random))
    }
    for index in shots.indices {
      switch Int.random(in: 0..<30, using: &random) {
      case 0: shots[index].wrongBit = Int.random(in: 0..<(frameBytes * 8), using: &random)
      case 1: shots[index].isForeign = true
      default: break
      }
    }
  }

  /// By a set of everything that was seen.
  var expected: ReceiveReport {
    var report = ReceiveReport()
    var seen = [Set<UInt64>](repeating: [], count: Self.flows)
    for shot in shots {
      if shot.wrongBit != nil {
        report.corrupt += 1
      } else if shot.isForeign {
        report.foreign += 1
      } else {
        let highest = seen[shot.flow].max()
        guard seen[shot.flow].insert(shot.sequence).inserted else {
          report.duplicated += 1
          continue
        }
        report.delivered += 1
        if let highest, shot.sequence < highest { report.reordered += 1 }
      }
    }
    return report
  }

  /// Sends the frames in their order.
  func shoot(_ template: FrameTemplate, from device: NetworkDevice) throws {
    let stranger = FrameTemplate(
      frameBytes: template.bytes.count, from: try #require(MACAddress("02:00:00:00:00:09")),
      to: try #require(MACAddress("02:00:00:00:00:0a")), run: template.run ^ 0xffff)
    let socket = try PacketSocket(sendingOn: device, bypassingQdisc: false)
    var batch = FrameBatch(capacity: 1, frameBytes: template.bytes.count)
    for shot in shots {
      batch.withFrame(0) { frame in
        let template = shot.isForeign ? stranger : template
        template.fill(&frame)
        template.write(
          FrameStamp(flow: shot.flow, sequence: shot.sequence, intended: .now(), sent: .now()),
          into: &frame)
        if let bit = shot.wrongBit {
          let byte = frame.bytes.bigEndian(at: bit / 8, as: UInt8.self)
          frame.storeBigEndian(byte ^ 1 << (bit % 8), at: bit / 8)
        }
      }
      #expect(try socket.send(batch, 0..<1) == SendOutcome(accepted: 1))
    }
  }
}
