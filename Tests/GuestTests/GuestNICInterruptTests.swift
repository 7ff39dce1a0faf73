import Foundation
import Kernel
import Knobs
import Lab
import Measurement
import Sweep
import TestSupport
import Testing

/// Interrupts of real drivers go where they are sent, and are found again after they moved.
extension GuestNICTests {
  @Test(arguments: NIC.all) func interruptsMoveToTheCPUThatIsAsked(nic: NIC) throws {
    let lab = try SharedGuest.lab
    let bench = NICBench(nic, lab.agent)
    let masks = try bench.affinities()
    let found = try bench.tuner.read(["irq.affinity"])["irq.affinity"]
    for cpu in [2, 1] {
      let effective = try bench.tuner.apply(Configuration(["irq.affinity": .word("cpu:\(cpu)")]))
      let before = try bench.serving()
      let text = try #require(effective["irq.affinity"]?.description)
      #expect(Set(text.dropFirst("each:".count)) == Set("\(cpu)/").intersection(text))
      let moved = try Self.sendUntilMoved(to: nic, of: lab, bench, from: before)
      var growths: [[Int]] = []
      for _ in 0..<Self.patience where growths.joined().allSatisfy({ $0 == 0 }) {
        for _ in 0..<Self.interruptsToMove { try Self.send(to: nic, of: lab) }
        growths = zip(moved, try bench.serving()).enumerated()
          .filter { Self.hasMoved(from: before[$0.offset], to: moved[$0.offset]) }
          .map { Self.growth(from: $0.element.0, to: $0.element.1) }
      }
      for growth in growths {
        #expect(growth.reduce(0, +) == growth[cpu], "\(nic.device) on \(cpu): \(growth)")
      }
      #expect(growths.map { $0[cpu] }.reduce(0, +) > 0, "\(nic.device) on \(cpu)")
    }
    // The wide mask that was there would leave them all where they are now.
    try bench.tuner.apply(.baseline)
    #expect(try bench.tuner.read(["irq.affinity"])["irq.affinity"] == found)
    let apart = try bench.serving()
    let back = try Self.sendUntilMoved(to: nic, of: lab, bench, from: apart)
    #expect(try bench.tuner.restore().failures.isEmpty)
    #expect(try bench.affinities() == masks)
    try Self.send(to: nic, of: lab)
    let lists = try #require(found).description.dropFirst("each:".count).split(separator: "/")
    for (index, now) in try bench.serving().enumerated() {
      guard Self.hasMoved(from: apart[index], to: back[index]) else { continue }
      let growth = Self.growth(from: back[index], to: now)
      let there = try #require(CPUSet(list: String(lists[index]))).members.map { growth[$0] }
      #expect(growth.reduce(0, +) == there.reduce(0, +), "\(now.action): \(growth)")
    }
  }

  /// How many interrupts it takes until one has moved for sure. It moves when it next comes, and if
  /// its last move is still being cleaned up, when it comes once more.
  private static let interruptsToMove = 3

  /// How often frames are sent at most. A guest that is slow polls, and takes many frames with one
  /// interrupt or with none.
  private static let patience = 400
  /// Nanoseconds after which a guest may have taken what was sent, and no longer polls.
  private static let pause: UInt64 = 5_000_000

  /// Sends until some interrupt has moved for sure.
  private static func sendUntilMoved(
    to nic: NIC, of lab: GuestLab, _ bench: NICBench, from before: [NICBench.Line]
  ) throws -> [NICBench.Line] {
    for _ in 0..<patience {
      try send(to: nic, of: lab)
      let now = try bench.serving()
      if zip(before, now).contains(where: hasMoved) { return now }
    }
    return try bench.serving()
  }

  private static func hasMoved(from old: NICBench.Line, to new: NICBench.Line) -> Bool {
    growth(from: old, to: new).reduce(0, +) >= interruptsToMove
  }

  private static func growth(from old: NICBench.Line, to new: NICBench.Line) -> [Int] {
    zip(old.counts, new.counts).map { $1 - $0 }
  }

  /// Datagrams from outside to a NIC, of many flows; the guest answers some.
  private static func send(to nic: NIC, of lab: GuestLab) throws {
    let path = lab.network.paths[try #require(Int(nic.device.dropFirst(3)))]
    let words = "for i in {1..64}; do echo > /dev/udp/\(path.entrance)/$((40000 + i)); done"
    let sent = try Program("/usr/bin/bash")
      .inNamespace(path.outside.device.namespace.name ?? "").run(["-c", words])
    #expect(sent.status == 0, "\(sent.errors)")
    (MonotonicTime.now() + pause).sleepUntil()
  }

  /// Fewer queues are other interrupts: those that are there then are pinned, not those that were.
  @Test(arguments: ["net0", "net3"]) func interruptsAreFoundAgainAfterAChangeOfQueues(
    device: String
  ) throws {
    let bench = try NICBench(
      #require(NIC.all.first { $0.device == device }), SharedGuest.lab.agent)
    let before = try bench.everything()
    let original = try bench.affinities()
    let effective = try bench.tuner.apply(
      Configuration(["channels.combined": .number(2), "irq.affinity": .word("cpu:3")]))
    let lines = try bench.interrupts().filter { $0.queue != nil }
    let affinities = try bench.affinities()
    // virtio keeps the interrupts of queues that rest; igb gives them back.
    #expect(Set(lines.compactMap(\.queue)) == Set(0..<(device == "net0" ? 4 : 2)))
    #expect(lines.allSatisfy { affinities[$0.action] == "3" })
    let all = Array(repeating: "3", count: lines.count).joined(separator: "/")
    #expect(effective["irq.affinity"] == .word("each:\(all)"))
    #expect(try bench.tuner.restore().failures.isEmpty)
    #expect(try bench.affinities() == original)
    let changes = try bench.changes(since: before)
    #expect(changes.isEmpty, "\(changes)")
  }

  @Test(arguments: ["net2", NIC.nearVirtio]) func aMemoryNodeKeepsItsInterrupts(device: String)
    throws
  {
    let agent = try SharedGuest.lab.agent
    let bench = NICBench(NIC(device: device, driver: "", node: 1, absent: [:]), agent)
    #expect(try agent.read("/sys/devices/system/node/node1/cpulist") == "2-3")
    try bench.tuner.apply(Configuration(["irq.affinity": .word("node-local")]))
    let affinities = try bench.affinities()
    for line in try bench.interrupts() where line.queue != nil {
      let cpus = try #require(affinities[line.action])
      #expect(["2", "3"].contains(cpus), "\(line.action)")
    }
    let text = try agent.tool("kvmtune", "inspect", "--format", "json", device)
    let list = try JSONDecoder().decode([Inspection].self, from: Data(text.utf8))
    let seen = try #require(list.first)
    #expect(seen.node == 1)
    #expect(seen.nodeCPUs == "2-3")
    #expect(seen.interrupts.filter { $0.queue != nil }.allSatisfy { "23".contains($0.allowed) })
    #expect(try bench.tuner.restore().failures.isEmpty)
  }

  @Test func aNICNearNoNodeIsNearEveryCPU() throws {
    let text = try SharedGuest.lab.agent.tool("kvmtune", "inspect", "--format", "json", "net0")
    let seen = try #require(
      try JSONDecoder().decode([Inspection].self, from: Data(text.utf8)).first)
    #expect(seen.node == nil)
    #expect(seen.nodeCPUs == "0-3")
  }
}
