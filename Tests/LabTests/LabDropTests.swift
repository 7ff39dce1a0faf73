import Glibc
import Kernel
import Netlink
import TestSupport
import Testing

@testable import Lab

/// Every frame that a lab loses is counted by one hop and no other.
@Suite(.serialized, .enabled(if: LabTier.isOn, "\(LabTier.reason)"))
struct LabDropTests {
  @Test func framesReachTheGuestAndComeBack() throws {
    let bench = try DropBench(.bridgeTap)
    defer { bench.lab.remove() }
    let tap = try #require(bench.lab.receiver.tap)
    var guest = TapQueue(tap, 0..<1)
    #expect(try bench.send(100).accepted == 100)
    #expect(try bench.read(&guest) == 100)
    let before = try bench.sender.link(named: "a").statistics.receivedPackets
    let listener = try PacketListener(on: bench.lab.sender.device)
    let back = FrameBatch.experiment(to: bench.lab.sender.address, from: bench.lab.receiver.address)
    #expect(try guest.send(back, 0..<100).accepted == 100)
    let after = try bench.sender.link(named: "a").statistics.receivedPackets
    #expect(after - before == 100)
    #expect(listener.seen() == 100)
    #expect(try bench.moved().isEmpty)
    #expect(try bench.movedBack().isEmpty)
  }

  @Test func nothingButTheTrafficIsOnAVeth() throws {
    let bench = try DropBench(.veth)
    defer { bench.lab.remove() }
    #expect(try bench.send(100).accepted == 100)
    let sent = try bench.sender.link(named: "a").statistics
    let received = try bench.receiver.link(named: "b").statistics
    #expect(sent.transmittedPackets == 100 && sent.receivedPackets == 0)
    #expect(received.receivedPackets == 100 && received.transmittedPackets == 0)
    for (session, other) in [(bench.sender, "198.18.0.2"), (bench.receiver, "198.18.0.1")] {
      let neighbours = try #require(Program.tool("ip"))
        .run(["-n", session.namespace.name ?? "", "neigh"]).output
      #expect(neighbours.contains(other) && neighbours.contains("PERMANENT"))
    }
  }

  @Test func fullTapRingIsNamed() throws {
    let bench = try DropBench(.bridgeTap)
    defer { bench.lab.remove() }
    let tap = try #require(bench.lab.receiver.tap)
    let device = bench.lab.receiver.device
    try bench.receiver.setTransmitQueueLength(4, of: device.index)
    // Newer kernels hold frames back in a qdisc when the ring is full.
    try bench.qdisc("noqueue", of: device, bench.receiver)
    #expect(try bench.send(50).accepted == 50)
    #expect(try bench.moved() == ["tap-ring": 46])
    var guest = TapQueue(tap, 0..<1)
    #expect(try bench.read(&guest) == 4)
  }

  @Test(arguments: LabTopology.ofAnyKernel) func fullQdiscOfTheSenderIsNamed(
    _ topology: LabTopology
  ) throws {
    let bench = try DropBench(topology)
    defer { bench.lab.remove() }
    let listener = try PacketListener(on: bench.lab.receiver.device)
    defer { withExtendedLifetime(listener) {} }
    try bench.qdisc("tbf rate 8kbit burst 128 limit 600", of: bench.lab.sender.device, bench.sender)
    let (accepted, refused) = try bench.send(70, each: 1)
    #expect(refused > 0 && accepted + refused == 70)
    #expect(try bench.moved() == ["qdisc": UInt64(refused)])
  }

  @Test func fullQdiscOfTheTapIsNamed() throws {
    let bench = try DropBench(.bridgeTap)
    defer { bench.lab.remove() }
    try bench.qdisc(
      "tbf rate 8kbit burst 128 limit 600", of: bench.lab.receiver.device, bench.receiver)
    #expect(try bench.send(70).accepted == 70)
    let moved = try bench.moved()
    #expect(moved.keys.elementsEqual(["tap-qdisc"]))
    #expect((50..<70).contains(moved["tap-qdisc"] ?? 0))
  }

  /// Frames above the far end's MTU raise both ends' counters, as a full backlog does.
  @Test func whatBothEndsCountIsCountedOnce() throws {
    let bench = try DropBench(.veth)
    defer { bench.lab.remove() }
    try bench.receiver.setMTU(576, of: bench.lab.receiver.device.index)
    let refused = try bench.send(30, bytes: 1000)
    #expect(refused.accepted == 0)
    #expect(try bench.moved().isEmpty)

    try bench.qdisc("pfifo limit 1000", of: bench.lab.sender.device, bench.sender)
    let queued = try bench.restarted()
    #expect(try queued.send(30, bytes: 1000).accepted == 30)
    #expect(try queued.moved() == ["backlog": 30])
    #expect(try bench.sender.link(named: "a").statistics.transmitDropped == 60)
    #expect(try bench.receiver.link(named: "b").statistics.receiveDropped == 60)

    let before = try bench.lab.dropsWithQdiscBypass.map { try $0.read() }
    #expect(try bench.send(30, bytes: 1000, bypassingQdisc: true).refused == 30)
    #expect(try bench.lab.dropsWithQdiscBypass.map { try $0.read() } == before)
  }

  /// A slow stack behind a backlog on another CPU: however many are lost, all are accounted for.
  @Test(arguments: ["noqueue", "pfifo limit 1000"], [false, true])
  func overloadedBacklogLeavesNothingUnexplained(qdisc: String, ringed: Bool) throws {
    let made = try DropBench(.veth)
    defer { made.lab.remove() }
    if qdisc != "noqueue" { try made.qdisc(qdisc, of: made.lab.sender.device, made.sender) }
    if ringed {
      let here = try made.sender.features(of: made.lab.sender.device.index)
      let tso = here.states.keys.filter { $0.hasPrefix("tx-tcp") && here[$0]?.active == true }
      try made.sender.setFeatures(
        Dictionary(uniqueKeysWithValues: tso.map { ($0, false) }),
        of: made.lab.sender.device.index)
      try made.receiver.setFeatures(["rx-gro": true], of: made.lab.receiver.device.index)
    }
    let device = made.lab.receiver.device
    let listeners = try (0..<40).map { _ in try PacketListener(on: device) }
    try device.namespace.run {
      try HostFiles.live.write("2", to: "/sys/class/net/b/queues/rx-0/rps_cpus")
    }
    let bench = try made.restarted()
    let accepted = try bench.send(60_000).accepted
    var delivered = listeners[0].seen()
    while true {
      usleep(50_000)
      let late = listeners[0].seen()
      if late == 0 { break }
      delivered += late
    }
    let lost = try bench.moved().values.reduce(0, +)
    #expect(UInt64(accepted) == delivered + lost)
  }
}

/// The counters of a lab before something is done to it, and the means to do it.
struct DropBench {
  let lab: Lab
  let sender: NetlinkSession
  let receiver: NetlinkSession
  private let before: [UInt64]
  private let beforeBack: [UInt64]

  init(_ topology: LabTopology) throws {
    try self.init(Lab.make(topology, named: Lab.randomName(), queues: 1))
  }

  private init(_ lab: Lab) throws {
    self.lab = lab
    sender = try NetlinkSession(in: lab.sender.device.namespace)
    receiver = try NetlinkSession(in: lab.receiver.device.namespace)
    before = try lab.drops.map { try $0.read() }
    beforeBack = try lab.reverseDrops.map { try $0.read() }
  }

  /// The same lab, counted from now on.
  func restarted() throws -> DropBench { try DropBench(lab) }

  func qdisc(_ words: String, of device: NetworkDevice, _ session: NetlinkSession) throws {
    try session.replaceRootQdisc(
      of: device.index, with: QdiscSpecification(parsing: words))
  }

  /// Hops that counted something since the beginning.
  func moved() throws -> [String: UInt64] { try difference(lab.drops, before) }
  func movedBack() throws -> [String: UInt64] { try difference(lab.reverseDrops, beforeBack) }

  private func difference(_ counters: [DropCounter], _ earlier: [UInt64]) throws
    -> [String: UInt64]
  {
    let moved = try zip(counters, earlier).map { ($0.hop, try $0.read() - $1) }
    return Dictionary(uniqueKeysWithValues: moved).filter { $0.value != 0 }
  }

  /// Tries `count` frames, so many in `each` call, by the packet socket at the sending end.
  func send(
    _ count: Int, bytes: Int = 60, each: Int = 100, bypassingQdisc: Bool = false
  ) throws -> (accepted: Int, refused: Int) {
    let socket = try PacketSocket(
      sendingOn: lab.sender.device, bypassingQdisc: bypassingQdisc)
    let batch = FrameBatch.experiment(
      to: lab.receiver.address, from: lab.sender.address, bytes: bytes)
    var accepted = 0
    var refused = 0
    while accepted + refused < count {
      let outcome = try socket.send(batch, 0..<min(each, count - accepted - refused))
      accepted += outcome.accepted
      if outcome.obstacle == .refused { refused += 1 }
      if outcome.obstacle == .full { socket.waitForRoom(milliseconds: 10) }
    }
    return (accepted, refused)
  }

  /// Frames that the guest finds in its queue.
  func read(_ guest: inout TapQueue) throws -> Int {
    try guest.receive(limit: 1000, waiting: 0) { _, _ in }
  }
}

extension FrameBatch {
  /// A hundred frames of the EtherType for experiments (IEEE 802, 0x88B5).
  static func experiment(to: MACAddress, from: MACAddress, bytes: Int = 60) -> FrameBatch {
    var batch = FrameBatch(capacity: 100, frameBytes: bytes)
    let header = to.octets + from.octets + [0x88, 0xB5]
    for frame in 0..<batch.capacity {
      batch.withFrame(frame) { span in
        for (place, octet) in header.enumerated() {
          span.storeBytes(of: octet, toByteOffset: place, as: UInt8.self)
        }
      }
    }
    return batch
  }
}

/// A packet socket that hears every frame of a device and only counts.
final class PacketListener {
  private let socket: Int32

  init(on device: NetworkDevice) throws {
    // AF_PACKET, ETH_P_ALL. In a lab's namespace no other device speaks.
    socket = try device.namespace.run {
      let socket = Glibc.socket(17, Int32(SOCK_RAW.rawValue), Int32(UInt16(3).bigEndian))
      try #require(socket >= 0)
      return socket
    }
  }

  deinit { close(socket) }

  /// Frames that reached the socket since the last call, whether or not it had room for them
  /// (`PACKET_STATISTICS`).
  func seen() -> UInt64 {
    var statistics: [UInt32] = [0, 0]
    var size = socklen_t(8)
    let result = unsafe getsockopt(socket, 263, 6, &statistics, &size)
    return result == 0 ? UInt64(statistics[0]) : 0
  }
}

/// Totals that were seen on Linux 6.18 under overload, and what they mean.
@Suite struct VethDropsTests {
  @Test func backlogFoundByTheTransmitterIsCountedOnce() {
    let drops = VethDrops(
      transmitDropped: 50_039, receiveDropped: 50_039, isRinged: false, isHeard: false)
    #expect(drops == VethDrops(ring: 0, backlog: 50_039))
  }

  @Test func whatTheSenderHeardIsNoLoss() {
    let drops = VethDrops(
      transmitDropped: 42_989, receiveDropped: 42_989, isRinged: false, isHeard: true)
    #expect(drops == VethDrops(ring: 0, backlog: 0))
    let more = VethDrops(
      transmitDropped: 10, receiveDropped: 7, isRinged: false, isHeard: true)
    #expect(more == VethDrops(ring: 0, backlog: 0))
  }

  @Test func behindTheRingTheBacklogIsSilent() {
    let drops = VethDrops(
      transmitDropped: 5, receiveDropped: 32_102, isRinged: true, isHeard: true)
    #expect(drops == VethDrops(ring: 0, backlog: 32_102))
    let forwarded = VethDrops(
      transmitDropped: 5, receiveDropped: 32_102, isRinged: true, isHeard: false)
    #expect(forwarded == VethDrops(ring: 5, backlog: 32_102))
  }
}
