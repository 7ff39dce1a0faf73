import Foundation
import Kernel
import Lab
import SystemPackage
import TestSupport
import Testing

/// Labs come and go without a trace, whatever happens to them or their maker.
@Suite(.serialized, .enabled(if: LabTier.isOn, "\(LabTier.reason)"))
struct LabLifeTests {
  @Test(arguments: LabTopology.ofAnyKernel) func isSeenByOthersAndRemoved(_ topology: LabTopology)
    throws
  {
    let lab = try Lab.make(topology, named: Lab.randomName(), queues: 2)
    defer { lab.remove() }
    #expect(Traces(of: lab.name).namespaces == lab.namespaces.compactMap(\.name).sorted())
    for device in lab.path {
      let link = try IPLink(of: device)
      #expect(link.index == device.index)
      #expect(link.address == device.address.description)
      // A TAP's carrier is there from the start, which leaves its state unknown.
      #expect(link.state == (device.name == "tap0" ? "UNKNOWN" : "UP"))
      #expect(link.flags.contains("LOWER_UP"))
    }
    for device in lab.path where device.name == "a" || device.name == "b" {
      let link = try IPLink(of: device)
      #expect(link.kind == "veth")
      #expect(link.transmitQueues == 2 && link.receiveQueues == 2)
      let channels = try #require(Program.tool("ethtool"))
        .inNamespace(device.namespace.name ?? "").run(["-l", device.name]).output
      #expect(channels.components(separatedBy: "RX:\t\t2").count == 3, "not active: \(channels)")
    }
    lab.remove()
    #expect(Traces(of: lab.name).isEmpty)
    lab.remove()
    #expect(throws: (any Error).self) { try lab.drops.last?.read() }
  }

  @Test func bridgeTapIsBuiltAsDescribed() throws {
    let lab = try Lab.make(.bridgeTap, named: Lab.randomName(), queues: 3)
    defer { lab.remove() }
    #expect(lab.path.map(\.name) == ["a", "b", "br0", "tap0"])
    let links = try lab.path.map { try IPLink(of: $0) }
    #expect(links[1].master == "br0" && links[3].master == "br0")
    #expect(links[2].kind == "bridge" && links[3].kind == "tun")
    #expect(links[2].data["stp_state"] == 0)
    #expect(links[2].data["forward_delay"] == 0)
    #expect(links[2].data["mcast_snooping"] == 0)
    #expect(links[3].data["numqueues"] == 3)
    #expect(lab.receiver.tap?.queues.count == 3)
    #expect(lab.receiver.address != lab.receiver.device.address)
  }

  @Test func twinsStandSideBySide() throws {
    let labs = try (0..<2).flatMap { _ in
      try LabTopology.ofAnyKernel.map { try Lab.make($0, named: Lab.randomName(), queues: 1) }
    }
    defer { for lab in labs { lab.remove() } }
    labs[0].remove()
    #expect(Traces(of: labs[0].name).isEmpty)
    for lab in labs.dropFirst() { _ = try IPLink(of: lab.receiver.device) }
  }

  @Test(arguments: [
    (LabTopology.veth, "-a"), (.veth, "-b"), (.bridgeTap, "-a"), (.bridgeTap, "-host"),
  ])
  func takenNameLeavesNothing(_ topology: LabTopology, side: String) throws {
    let name = Lab.randomName()
    let foreign = try NetworkNamespace.create(named: name + side)
    defer { foreign.delete() }
    let error = #expect(throws: SystemCallError.self) {
      try Lab.make(topology, named: name, queues: 1)
    }
    #expect(error?.errno == .fileExists)
    #expect(Traces(of: name) == Traces(namespaces: [name + side], locks: []))
  }

  @Test func nameInUseIsRefusedAndKept() throws {
    let lab = try Lab.make(.veth, named: Lab.randomName(), queues: 1)
    defer { lab.remove() }
    let error = #expect(throws: SystemCallError.self) {
      try Lab.make(.veth, named: lab.name, queues: 1)
    }
    #expect(error?.errno == .fileExists)
    _ = try IPLink(of: lab.receiver.device)
  }

  @Test(arguments: [0, 257]) func impossibleQueuesAreRefused(queues: Int) {
    let name = Lab.randomName()
    #expect(throws: SystemCallError.self) { try Lab.make(.veth, named: name, queues: queues) }
    #expect(Traces(of: name).isEmpty)
  }

  @Test(arguments: LabTopology.ofAnyKernel.map(\.rawValue) + ["guest"])
  func leftoversOfADeadMakerGoAndThoseOfTheLivingStay(_ kind: String) throws {
    let topology = LabTopology(rawValue: kind) ?? .bridgeTap
    let mine = try Lab.make(topology, named: Lab.randomName(), queues: 1)
    defer { mine.remove() }
    let name = Lab.randomName()
    let holder = try Program.labHolder.start([kind, name])
    defer { kill(holder.process.processIdentifier, SIGKILL) }
    let limit = MonotonicTime.now() + 20_000_000_000
    while !holder.errorsSoFar.contains("ready"), holder.process.isRunning,
      MonotonicTime.now() < limit
    {
      usleep(10_000)
    }
    #expect(holder.errorsSoFar == "ready\n")
    #expect(!Lab.leftovers().contains(name))
    #expect(!Lab.removeLeftovers().contains(name))
    #expect(!Traces(of: name).isEmpty)
    let inhabitant = try Program("/usr/bin/sleep").inNamespace(name + "-a").start(["1000"])
    defer { kill(inhabitant.process.processIdentifier, SIGKILL) }
    // One that has not moved in yet would find the door gone.
    let home = try FileManager.default.attributesOfItem(atPath: "/run/netns/\(name)-a")
    while try FileManager.default.destinationOfSymbolicLink(
      atPath: "/proc/\(inhabitant.process.processIdentifier)/ns/net")
      != "net:[\(home[.systemFileNumber] ?? 0)]", MonotonicTime.now() < limit
    {
      usleep(1000)
    }

    kill(holder.process.processIdentifier, SIGKILL)
    #expect(try holder.wait().status == 128 + SIGKILL)
    #expect(Lab.leftovers().contains(name))
    #expect(throws: SystemCallError.self) { try Lab.make(topology, named: name, queues: 1) }
    #expect(Lab.removeLeftovers().contains(name))
    #expect(Traces(of: name).isEmpty)
    #expect(try inhabitant.wait().status == 128 + SIGKILL)
    #expect(!Lab.leftovers().contains(name))
    #expect(!Traces(of: mine.name).isEmpty)
    _ = try IPLink(of: mine.receiver.device)
  }
}
