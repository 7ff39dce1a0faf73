import Kernel
import Lab
import Measurement
import TestSupport
import Testing

@testable import Traffic

/// Wherever frames are lost, each is counted once; and where they are lost and nobody counts them,
/// the window does not count.
@Suite(.serialized, .enabled(if: LabTier.isOn, "\(LabTier.reason)"))
struct LedgerClosureTests {
  /// A lab with one place too narrow for the traffic.
  struct Scene: Sendable, CustomTestStringConvertible {
    let name: String
    var topology = LabTopology.veth
    var workload = Workload(name: "w", datapath: .packet, kind: .flood, flows: 16)
    /// Words for `tc` or `ip`, at the sender's device or at the receiver's.
    var atSender: [String] = []
    var atReceiver: [String] = []
    var hasSlowStack = false
    /// The hops that are meant to drop; empty if the path need not.
    var hops: Set<String> = []

    var testDescription: String { name }

    func make() throws -> Lab {
      let lab = try Lab.make(topology, named: Lab.randomName(), queues: 2)
      do {
        for (lines, device) in [
          (atSender, lab.sender.device), (atReceiver, lab.receiver.device),
        ] {
          for line in lines {
            let words = line.split(separator: " ", maxSplits: 1).map(String.init)
            try lab.tool(words[0], words[1], at: device)
          }
        }
        if hasSlowStack {
          try lab.receiver.device.namespace.run {
            for queue in 0..<2 {
              try HostFiles.live.write("2", to: "/sys/class/net/b/queues/rx-\(queue)/rps_cpus")
            }
          }
        }
      } catch {
        lab.remove()
        throw error
      }
      return lab
    }
  }

  private static let toGuest = Workload(name: "w", datapath: .tap, kind: .flood, flows: 16)
  private static let fromGuest = Workload(
    name: "w", datapath: .tap, kind: .flood, direction: .toSender, flows: 16)
  private static let bothWays = Workload(
    name: "w", datapath: .packet, kind: .flood, direction: .both, flows: 16)

  static let scenes: [Scene] = [
    Scene(name: "flood"),
    Scene(
      name: "flood past the qdisc",
      workload: Workload(
        name: "w", datapath: .packet, kind: .flood, flows: 16, bypassQdisc: true)),
    Scene(
      name: "refused by a shaper",
      atSender: ["tc qdisc add dev a root tbf rate 5mbit burst 2kb limit 8kb"]),
    // What it drops it has taken before: the sender hears nothing of it.
    Scene(
      name: "dropped from the head",
      atSender: [
        "tc qdisc add dev a root handle 1: tbf rate 5mbit burst 2kb limit 20kb",
        "tc qdisc add dev a parent 1:1 pfifo_head_drop limit 50",
      ], hops: ["qdisc"]),
    // What is refused explains nothing of what is lost behind it.
    Scene(
      name: "refused here, dropped there", topology: .bridgeTap, workload: toGuest,
      atSender: ["tc qdisc add dev a root tbf rate 20mbit burst 10kb limit 20kb"],
      atReceiver: ["ip link set dev tap0 txqueuelen 2"], hops: ["tap-ring"]),
    Scene(
      name: "both ways through shapers", workload: bothWays,
      atSender: ["tc qdisc add dev a root handle 1: tbf rate 5mbit burst 2kb limit 8kb"],
      atReceiver: ["tc qdisc add dev b root pfifo limit 10"]),
    Scene(name: "slow stack behind a backlog", hasSlowStack: true),
    Scene(
      name: "slow stack, sender not told", atSender: ["tc qdisc add dev a root pfifo limit 1000"],
      hasSlowStack: true),
    Scene(
      name: "full TAP ring", topology: .bridgeTap, workload: toGuest,
      atReceiver: ["ip link set dev tap0 txqueuelen 2"], hops: ["tap-ring"]),
    Scene(
      name: "shaped TAP", topology: .bridgeTap, workload: toGuest,
      atReceiver: ["tc qdisc add dev tap0 root tbf rate 5mbit burst 2kb limit 8kb"],
      hops: ["tap-qdisc"]),
    Scene(
      name: "shaped port of the bridge", topology: .bridgeTap, workload: fromGuest,
      atReceiver: ["tc qdisc add dev b root tbf rate 5mbit burst 2kb limit 8kb"],
      hops: ["port-qdisc"]),
    Scene(
      name: "datagrams through a shaper",
      workload: Workload(name: "w", datapath: .udp, kind: .flood),
      atSender: ["tc qdisc add dev a root tbf rate 5mbit burst 2kb limit 8kb"]),
    Scene(
      name: "bursts into a short queue",
      workload: Workload(name: "w", datapath: .packet, kind: .burst, flows: 4, burst: 512),
      atSender: ["tc qdisc add dev a root tbf rate 20mbit burst 2kb limit 6kb"]),
  ]

  private static let windows = 9

  /// Over a hundred short windows, with every hop overloaded in turn: at most one of them may have
  /// a frame that is nowhere, and then it says so.
  @Test func nothingIsUnexplainedInNinetyNineOfAHundredWindows() throws {
    var open: [String] = []
    var count = 0
    for scene in Self.scenes {
      let lab = try scene.make()
      defer { lab.remove() }
      let route = Traffic.Route(lab, bypassingQdisc: scene.workload.bypassQdisc)
      let session = try TrafficSession(scene.workload, over: route, runID: 7)
      defer { session.close() }
      var dropped: Set<String> = []
      for _ in 0..<Self.windows {
        let sample = try session.measure(seconds: 0.03)
        count += 1
        dropped.formUnion(sample.drops.filter { $0.value > 0 }.keys)
        let unexplained = try sample.count(.unexplained)
        if unexplained != 0 { open.append("\(scene.name): \(sample)") }
        #expect(!sample.isWorthless || unexplained != 0, "\(scene.name): \(sample)")
        let named = Int(sample.drops.values.reduce(0, +))
        #expect(
          try sample.count(.offered) == sample.count(.delivered) + named + unexplained,
          "\(scene.name): \(sample)")
      }
      #expect(dropped.isSuperset(of: scene.hops), "\(scene.name): \(dropped)")
    }
    #expect(count >= 100)
    #expect(open.count * 100 <= count, "\(open)")
  }

  /// Without the counter of the hop that drops, the loss is there and nobody knows of it.
  @Test(arguments: scenes.filter { !$0.hops.isEmpty })
  func aLossThatNoHopCountsMakesTheWindowWorthless(scene: Scene) throws {
    let lab = try scene.make()
    defer { lab.remove() }
    var route = Traffic.Route(lab)
    route.drops.removeAll { scene.hops.contains($0.hop) }
    route.reverseDrops.removeAll { scene.hops.contains($0.hop) }
    let session = try TrafficSession(scene.workload, over: route, runID: 7)
    defer { session.close() }
    let sample = try session.measure(seconds: 0.03)
    #expect(try sample.count(.unexplained) > 0)
    #expect(sample.invalidReason == "more than 0.1 % of the offered frames are unexplained")
  }

  /// Somebody else reads the guest's queue: those frames are lost to the guest, and no counter moves.
  @Test func aThiefIsNoticed() throws {
    let lab = try Lab.make(.bridgeTap, named: Lab.randomName(), queues: 1)
    defer { lab.remove() }
    let tap = try #require(lab.receiver.tap)
    let workload = Workload(name: "w", datapath: .tap, kind: .rate, rate: 20_000)
    let session = try TrafficSession(workload, over: Traffic.Route(lab), runID: 7)
    defer { session.close() }
    let thief = try PinnedThread(name: "thief", on: CPUSet.allowed())
    defer { thief.stop() }
    thief.start {
      var queue = TapQueue(tap, 0..<1)
      let end = MonotonicTime.now() + 150_000_000
      while MonotonicTime.now() < end {
        _ = try? queue.receive(limit: 8, waiting: 1) { _, _ in }
      }
    }
    let sample = try session.measure(seconds: 0.1)
    thief.wait()
    #expect(try sample.count(.unexplained) > 0)
    #expect(sample.drops.values.allSatisfy { $0 == 0 })
    #expect(sample.invalidReason != nil, "\(sample)")
  }
}
