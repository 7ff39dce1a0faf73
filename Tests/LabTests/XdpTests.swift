import Kernel
import Lab
import Measurement
import TestSupport
import Testing

@testable import Traffic

extension Traffic.Route {
  /// The way of AF_XDP through a lab.
  init(xdpThrough lab: Lab, mtu: Int = 1500) {
    self.init(
      sender: lab.sender, receiver: lab.receiver, drops: lab.xdpDrops,
      reverseDrops: lab.xdpReverseDrops, mtu: mtu)
  }
}

/// Frames through AF_XDP sockets on a real veth.
@Suite(.serialized, .enabled(if: LabTier.isOn, "\(LabTier.reason)"))
struct XdpTests {
  static let workloads: [Workload] = Direction.allCases.flatMap { direction in
    [
      Workload(name: "flood", datapath: .xdp, kind: .flood, direction: direction),
      Workload(
        name: "full", datapath: .xdp, kind: .flood, frame: .mtu, direction: direction, threads: 2,
        flows: 16),
      Workload(name: "rate", datapath: .xdp, kind: .rate, rate: 10_000, direction: direction),
      Workload(
        name: "burst", datapath: .xdp, kind: .burst, direction: direction, threads: 2, flows: 2,
        burst: 200),
    ]
  }

  @Test func framesAreAccountedFor() throws {
    let lab = try Lab.make(.veth, named: Lab.randomName(), queues: 2)
    defer { lab.remove() }
    for workload in Self.workloads {
      let session = try TrafficSession(
        workload, over: Traffic.Route(xdpThrough: lab), runID: 0x1234_5678_9abc_def0)
      defer { session.close() }
      for _ in 0..<3 {
        let sample = try session.measure(seconds: 0.02)
        #expect(!sample.isWorthless, "\(workload): \(sample)")
        let dropped = sample.drops.values.reduce(0, +)
        #expect(try sample.count(.delivered) > 0)
        #expect(
          try sample.count(.delivered) + Int(dropped) == sample.count(.offered),
          "\(workload.name): \(sample)")
        for metric in [Metric.unexplained, .duplicated, .reordered, .corrupt, .foreign] {
          #expect(try sample.count(metric) == 0, "\(workload.name) \(metric): \(sample)")
        }
      }
    }
  }

  /// The devices count as many frames as we say.
  @Test func theDevicesCountTheSameFrames() throws {
    let lab = try Lab.make(.veth, named: Lab.randomName(), queues: 1)
    defer { lab.remove() }
    let workload = Workload(name: "rate", datapath: .xdp, kind: .rate, rate: 20_000)
    let session = try TrafficSession(workload, over: Traffic.Route(xdpThrough: lab), runID: 2)
    defer { session.close() }
    let before = try Self.counter("rx_queue_0_xdp_packets", lab)
    let sample = try session.measure(seconds: 0.1)
    let passed = try Self.counter("rx_queue_0_xdp_packets", lab) - before
    #expect(try passed == sample.count(.offered), "\(sample)")
    #expect(try sample.count(.delivered) == sample.count(.offered), "\(sample)")
  }

  private static func counter(_ name: String, _ lab: Lab) throws -> Int {
    let device = lab.receiver.device
    let ended = try #require(Program.tool("ethtool"))
      .inNamespace(try #require(device.namespace.name)).run(["-S", device.name])
    let line = ended.output.split(separator: "\n").first { $0.contains("\(name):") }
    return try #require(
      (line?.split(separator: " ").last).flatMap { Int($0) }, "\(ended.output)")
  }

  @Test func everyEchoComesBack() throws {
    let lab = try Lab.make(.veth, named: Lab.randomName(), queues: 2)
    defer { lab.remove() }
    let workload = Workload(name: "latency", datapath: .xdp, kind: .latency, rate: 5000, flows: 8)
    let session = try TrafficSession(workload, over: Traffic.Route(xdpThrough: lab), runID: 3)
    defer { session.close() }
    let sample = try session.measure(seconds: 0.25)
    #expect(!sample.isWorthless, "\(sample)")
    #expect(try sample.count(.offered) > 0)
    #expect(try sample.count(.delivered) == sample.count(.offered))
    #expect(try #require(sample.metrics[.latencyP50]) > 0)
  }

  /// The sending device of a lab and the receiving one, for frames of 60 bytes.
  private static func ends(of lab: Lab) throws -> (sender: XdpDevice, receiver: XdpDevice) {
    var settings = XdpDevice.Settings(
      frameBytes: 60, zerocopy: false, sends: true, receives: false, port: FrameLayout.magicPort)
    let sender = try XdpDevice.shared(lab.sender.device, settings)
    (settings.sends, settings.receives) = (false, true)
    let receiver = try XdpDevice.shared(lab.receiver.device, settings)
    return (sender, receiver)
  }

  /// A receiver that stands still loses what its rings do not hold, and says how many those were.
  @Test func whatTheSocketHasNoRoomForIsCounted() throws {
    let lab = try Lab.make(.veth, named: Lab.randomName(), queues: 1)
    defer { lab.remove() }
    let template = FrameTemplate(
      frameBytes: 60, from: lab.sender.address, to: lab.receiver.address, run: 9)
    let (sender, receiver) = try Self.ends(of: lab)
    var ears = try XdpReceiver(receiver, queues: [0])
    var sink = try XdpSender(sender, queue: 0)
    try ears.setListening(true)
    var batch = FrameBatch(capacity: 64, frameBytes: 60)
    for index in 0..<64 { batch.withFrame(index) { template.fill(&$0) } }
    var offered = 0
    while offered < 5000 {
      offered += try sink.send(batch, 0..<64).accepted
      _ = try sink.drain()
    }
    var received = 0
    while true {
      let count = try ears.receive(waiting: 50) { _, _ in }
      if count == 0 { break }
      received += count
    }
    #expect(received == 2048)
    #expect(try ears.takeDrops() == UInt64(offered - received))
    #expect(try ears.takeDrops() == 0)
  }

  /// Whoever has room for a budget gets no more, however many queues have that much.
  @Test func oneBudgetIsForAllQueues() throws {
    let lab = try Lab.make(.veth, named: Lab.randomName(), queues: 2)
    defer { lab.remove() }
    let template = FrameTemplate(
      frameBytes: 60, from: lab.sender.address, to: lab.receiver.address, run: 9)
    let (sender, receiver) = try Self.ends(of: lab)
    var ears = try XdpReceiver(receiver, queues: [0, 1])
    try ears.setListening(true)
    var batch = FrameBatch(capacity: 64, frameBytes: 60)
    for index in 0..<64 { batch.withFrame(index) { template.fill(&$0) } }
    for queue in 0..<2 {
      var sink = try XdpSender(sender, queue: queue)
      #expect(try sink.send(batch, 0..<64).accepted == 64)
      _ = try sink.drain()
    }
    var counts: [Int] = []
    while counts.reduce(0, +) < 128 {
      let count = try ears.receive(waiting: 1000) { _, _ in }
      if count == 0 { break }
      counts.append(count)
    }
    #expect(counts == [64, 64])
  }

  @Test func theProgramGoesWithTheSession() throws {
    let lab = try Lab.make(.veth, named: Lab.randomName(), queues: 1)
    defer { lab.remove() }
    #expect(try !Self.hasProgram(lab.receiver.device))
    let workload = Workload(name: "flood", datapath: .xdp, kind: .flood)
    for _ in 0..<2 {
      let session = try TrafficSession(workload, over: Traffic.Route(xdpThrough: lab), runID: 4)
      #expect(try Self.hasProgram(lab.receiver.device))
      #expect(try !Self.hasProgram(lab.sender.device))
      session.close()
      #expect(try !Self.hasProgram(lab.receiver.device))
    }
  }

  private static func hasProgram(_ device: NetworkDevice) throws -> Bool {
    let ended = try #require(Program.tool("ip"))
      .inNamespace(try #require(device.namespace.name)).run(["link", "show", device.name])
    return ended.output.contains("prog/xdp")
  }

  /// A kernel without the driver says what to do; one with it makes the lab.
  @Test func aMacvtapIsMadeOrRefusedWithAWayOut() {
    do {
      try Lab.make(.macvtap, named: Lab.randomName(), queues: 1).remove()
    } catch {
      #expect("\(error)".contains("'modprobe macvtap'"), "\(error)")
    }
  }

  @Test func whatCannotBeIsRefusedWithAWayOut() throws {
    let lab = try Lab.make(.veth, named: Lab.randomName(), queues: 1)
    defer { lab.remove() }
    func refusal(_ change: (inout Workload) -> Void, mtu: Int = 1500) -> String {
      var workload = Workload(name: "x", datapath: .xdp, kind: .flood)
      change(&workload)
      do {
        _ = try TrafficSession(workload, over: Traffic.Route(xdpThrough: lab, mtu: mtu), runID: 5)
        return "none"
      } catch { return "\(error)" }
    }
    #expect(
      refusal { $0.threads = 2 }
        == "workload x: 2 threads want as many queues, and a sends on 1; set channels, or take "
        + "fewer threads")
    #expect(
      refusal({ $0.frame = .bytes(4000) }, mtu: 9000)
        == "workload x: a frame of 4000 bytes; xdp carries 3840, what is left of a page")
    #expect(refusal { $0.zerocopy = true }.contains("measure without zerocopy"))
    try lab.tool("ip", "link set dev a mtu 9000", at: lab.sender.device)
    #expect(refusal { _ in }.contains("set mtu=1500"))
    try lab.tool("ip", "link set dev a mtu 1500", at: lab.sender.device)
    #expect(refusal { _ in } == "none")
  }
}
