import Glibc
import Kernel
import Netlink
import SystemPackage
import TestSupport
import Testing

@testable import Lab

/// The host's side of a guest, with us in QEMU's place.
@Suite(.serialized, .enabled(if: LabTier.isOn, "\(LabTier.reason)"))
struct GuestNetworkTests {
  private static func network(
    _ attachments: GuestInterface.Attachment..., change: (inout GuestInterface) -> Void = { _ in }
  ) throws -> GuestNetwork {
    let interfaces = attachments.map {
      var interface = GuestInterface(model: .virtio, attachment: $0)
      change(&interface)
      return interface
    }
    return try GuestNetwork.make(
      for: GuestDefinition(interfaces: interfaces), named: Lab.randomName())
  }

  private static func octets(of span: RawSpan) -> [UInt8] {
    (0..<span.byteCount).map { unsafe span.unsafeLoad(fromByteOffset: $0, as: UInt8.self) }
  }

  static let devices: [(GuestInterface.Attachment, [String])] = [
    (.user, ["a0", "b0"]), (.nat, ["a0", "b0", "tap0"]),
    (.bridge, ["a0", "b0", "br0", "tap0"]), (.macvtap, ["a0", "b0", "mvt0"]),
  ]

  @Test(arguments: devices)
  func isSeenByOthersAndRemoved(_ attachment: GuestInterface.Attachment, _ names: [String]) throws {
    let network = try Self.network(attachment) {
      $0.queues = attachment == .user ? 1 : 3
      $0.hostMTU = 9000
    }
    defer { network.remove() }
    let path = network.paths[0]
    #expect(path.devices.map(\.name) == names)
    #expect(path.served.name == names.last)
    #expect(Traces(of: network.name).namespaces == [network.name + "-a", network.name + "-host"])
    for device in path.devices {
      let link = try IPLink(of: device)
      #expect(link.index == device.index && link.address == device.address.description)
      #expect(link.mtu == 9000, "\(device.name)")
      #expect(link.flags.contains("LOWER_UP"), "\(device.name)")
    }
    #expect(network.backends[0].descriptors.count == (attachment == .user ? 0 : 3))
    let ip = try #require(Program.tool("ip"))
    let neighbours = try ip.run(["-n", network.name + "-a", "neigh"]).output
    #expect(neighbours.contains("198.18.0.2") && neighbours.contains("PERMANENT"))
    #expect(try path.drops.map { try $0.read() }.allSatisfy { $0 == 0 })
    #expect(try path.reverseDrops.map { try $0.read() }.allSatisfy { $0 == 0 })
    let hops = (path.drops + path.reverseDrops).map(\.hop)
    #expect(Set(path.drops.map(\.hop)).count == path.drops.count, "\(hops)")
    #expect(Set(path.reverseDrops.map(\.hop)).count == path.reverseDrops.count, "\(hops)")
    network.remove()
    #expect(Traces(of: network.name).isEmpty)
    network.remove()
    #expect(throws: (any Error).self) { try path.drops[0].read() }
  }

  @Test(arguments: [GuestInterface.Attachment.bridge, .macvtap], [1, 2])
  func framesReachTheGuestAndComeBack(_ attachment: GuestInterface.Attachment, _ queues: Int) throws
  {
    let network = try Self.network(attachment) { $0.queues = queues }
    defer { network.remove() }
    let path = network.paths[0]
    let tap = try #require(path.tap)
    #expect(path.backend == .queues(tap.queues) && tap.queues.count == queues)
    var guest = TapQueue(tap, 0..<queues)
    let there = FrameBatch.experiment(to: path.guest.hardware, from: path.outside.address)
    let outside = try PacketSocket(sendingOn: path.outside.device, bypassingQdisc: false)
    #expect(try outside.send(there, 0..<100).accepted == 100)
    #expect(try guest.receive(limit: 1000, waiting: 1000) { _, _ in } == 100)
    let listener = try PacketListener(on: path.outside.device)
    let back = FrameBatch.experiment(to: path.outside.address, from: path.guest.hardware)
    #expect(try guest.send(back, 0..<100).accepted == 100)
    #expect(listener.seen() == 100)
    for counter in path.drops + path.reverseDrops {
      #expect(try counter.read() == 0, "\(counter.hop)")
    }
  }

  @Test(arguments: [GuestInterface.Attachment.bridge, .macvtap])
  func fullRingOfTheGuestIsNamed(_ attachment: GuestInterface.Attachment) throws {
    let network = try Self.network(attachment)
    defer { network.remove() }
    let path = network.paths[0]
    let host = try NetlinkSession(in: network.host)
    defer { host.close() }
    try host.setTransmitQueueLength(4, of: path.served.index)
    if attachment == .bridge {
      // Newer kernels hold frames back in a qdisc when the ring is full.
      try host.replaceRootQdisc(
        of: path.served.index, with: QdiscSpecification(parsing: "noqueue"))
    }
    let batch = FrameBatch.experiment(to: path.guest.hardware, from: path.outside.address)
    let outside = try PacketSocket(sendingOn: path.outside.device, bypassingQdisc: false)
    #expect(try outside.send(batch, 0..<50).accepted == 50)
    let moved = try path.drops.map { ($0.hop, try $0.read()) }.filter { $0.1 != 0 }
    #expect(moved.map(\.0) == ["tap-ring"])
    #expect(moved.first?.1 == 46)
  }

  /// What is sent to an agreed port of the host arrives at the guest's, and the answer comes from
  /// where the question went.
  @Test func translationPassesThePortsOnAndHidesTheGuest() throws {
    let network = try Self.network(.nat)
    defer { network.remove() }
    let path = network.paths[0]
    var guest = TapQueue(try #require(path.tap), 0..<1)
    func ask(_ port: UInt16) throws -> [UInt8] {
      let asked = try Program("/usr/bin/bash").inNamespace(network.name + "-a")
        .run(["-c", "echo hello > /dev/udp/198.18.0.2/\(port)"])
      #expect(asked.status == 0, "\(asked.errors)")
      var frame: [UInt8] = []
      _ = try guest.receive(limit: 1, waiting: 200) { span, _ in
        frame = Self.octets(of: span)
      }
      return frame
    }
    #expect(try ask(34996).isEmpty, "a port that was not agreed upon")
    let frame = try ask(34997)
    try #require(frame.count >= 48)
    #expect(Array(frame[0..<6]) == path.guest.hardware.octets)
    #expect(Array(frame[26..<30]) == [198, 18, 0, 1])
    #expect(Array(frame[30..<34]) == [198, 19, 0, 2])
    #expect(Array(frame[36..<38]) == [0x88, 0xB5], "34997")

    var inbox = try PacketInbox(on: path.outside.device, frameLimit: 2000)
    try inbox.setListening(true)
    // The same datagram sent back: both addresses and both ports change places, and with them no
    // checksum.
    let answer =
      Array(frame[6..<12]) + Array(frame[0..<6]) + Array(frame[12..<26])
      + Array(frame[30..<34]) + Array(frame[26..<30])
      + Array(frame[36..<38]) + Array(frame[34..<36]) + Array(frame[38...])
    var batch = FrameBatch(capacity: 1, frameBytes: answer.count)
    batch.withFrame(0) { span in
      for (place, octet) in answer.enumerated() {
        span.storeBytes(of: octet, toByteOffset: place, as: UInt8.self)
      }
    }
    #expect(try guest.send(batch, 0..<1).accepted == 1)
    var seen: [UInt8] = []
    _ = try inbox.receive(limit: 1, waiting: 1000) { span, _ in
      seen = Self.octets(of: span)
    }
    try #require(seen.count >= 48)
    #expect(Array(seen[26..<30]) == [198, 18, 0, 2])
    #expect(Array(seen[34..<36]) == [0x88, 0xB5])
    #expect(path.guest.gateway == "198.19.0.1")
    #expect(path.guest.neighbours.map(\.hardware) == [path.served.address])
  }

  @Test func everyAttachmentOfOneGuestStandsAlone() throws {
    let network = try Self.network(.bridge, .macvtap, .nat, .user)
    defer { network.remove() }
    #expect(network.paths.map(\.attachment) == [.bridge, .macvtap, .nat, .user])
    #expect(network.paths.map(\.outside.ipv4) == (0..<4).map { "198.18.\($0).1" })
    #expect(network.paths.map(\.entrance) == (0..<4).map { "198.18.\($0).2" })
    #expect(
      network.paths.map(\.guest.ipv4) == [
        "198.18.0.2", "198.18.1.2", "198.19.2.2", "198.19.3.2",
      ])
    let descriptors = network.backends.flatMap(\.descriptors)
    #expect(descriptors.count == 3 && Set(descriptors).count == 3)
    #expect(
      network.backends[3]
        == .user(
          UserNetwork(
            network: "198.19.3.0/24", gateway: "198.19.3.1", guest: "198.19.3.2",
            entrance: "198.18.3.2", ports: 34997...35004)))
  }

  @Test func whoLivesInItEndsWithItAndNobodyElse() throws {
    let (network, other) = (try Self.network(.user), try Self.network(.user))
    defer {
      network.remove()
      other.remove()
    }
    let sleep = Program("/usr/bin/sleep")
    let inhabitants = try [network, other].map {
      try sleep.inNamespace($0.name + "-host").start(["1000"])
    }
    let bystander = try sleep.start(["1000"])
    defer { bystander.process.terminate() }
    let names = network.namespaces.compactMap(\.name)
    #expect(names.count == 2)
    // Until `ip netns exec` has entered the namespace and become the program.
    let file = "/proc/\(inhabitants[0].process.processIdentifier)/comm"
    let limit = MonotonicTime.now() + 5_000_000_000
    while HostFiles.live.readIfPresent(file) != "sleep", MonotonicTime.now() < limit {
      usleep(2000)
    }
    network.remove()
    #expect(try inhabitants[0].wait().status == 128 + SIGKILL)
    #expect(inhabitants[1].process.isRunning && bystander.process.isRunning)
    other.remove()
    #expect(try inhabitants[1].wait().status == 128 + SIGKILL)
    NetworkNamespace.killInhabitants(ofNamed: "kvmtune-no-such-namespace")
  }

  @Test(arguments: ["-a", "-host"]) func takenNameLeavesNothing(_ side: String) throws {
    let name = Lab.randomName()
    let foreign = try NetworkNamespace.create(named: name + side)
    defer { foreign.delete() }
    let error = #expect(throws: SystemCallError.self) {
      try GuestNetwork.make(for: GuestDefinition(interfaces: []), named: name)
    }
    #expect(error?.errno == .fileExists)
    #expect(Traces(of: name) == Traces(namespaces: [name + side], locks: []))
  }

  @Test func onlyAMacvtapHasItsQueues() throws {
    let network = try Self.network(.bridge)
    defer { network.remove() }
    let error = #expect(throws: SystemCallError.self) {
      try TapDevice.macvtap(network.paths[0].served, queueCount: 1)
    }
    #expect(error?.errno == .noSuchFileOrDirectory)
    let mounts = try network.host.run { try HostFiles.live.read("/proc/thread-self/mounts") }
    #expect(!mounts.contains("kvmtune /tmp"))
  }
}
