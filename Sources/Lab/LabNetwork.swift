package import Kernel
package import Netlink
import SystemPackage

/// A network that stands: its ends, the devices between, and where frames can be lost.
struct LabNetwork {
  let sender: Endpoint
  let receiver: Endpoint
  let path: [NetworkDevice]
  /// By whether the sender's frames pass by its root qdisc.
  let drops: (_ bypassQdisc: Bool) -> [DropCounter]
  let reverseDrops: [DropCounter]
  /// Both ways, where AF_XDP carries the frames; empty where it cannot.
  var xdpDrops: [DropCounter] = []
  var xdpReverseDrops: [DropCounter] = []

  /// RFC 2544's range for benchmarks, which is routed nowhere.
  private static let addresses = (a: "198.18.0.1", b: "198.18.0.2")
  private static let prefixLength = 24

  /// Two namespaces, one veth, static neighbours: no frame on it but the traffic's.
  static func veth(_ parts: inout LabParts, queues: Int) throws -> LabNetwork {
    let left = try parts.namespace(.a)
    let right = try parts.namespace(.b)
    try left.createVeth(named: "a", peer: "b", peerNamespace: right.namespace, queues: queues)
    let a = try left.device(named: "a")
    let b = try right.device(named: "b")
    try left.addAddress("\(addresses.a)/\(prefixLength)", to: a.index)
    try right.addAddress("\(addresses.b)/\(prefixLength)", to: b.index)
    try left.setUp(true, a.index)
    try right.setUp(true, b.index)
    try left.addNeighbour(addresses.b, at: b.address, on: a.index)
    try right.addNeighbour(addresses.a, at: a.address, on: b.index)
    try left.waitUntilReady(a)
    try right.waitUntilReady(b)
    let there = try VethHop(from: a, left, to: b, right)
    let back = try VethHop(from: b, right, to: a, left)
    return LabNetwork(
      sender: Endpoint(device: a, ipv4: addresses.a),
      receiver: Endpoint(device: b, ipv4: addresses.b), path: [a, b],
      drops: { bypass in
        [.qdisc(of: a, left, countsRefusals: !bypass)]
          + there.counters(from: bypass ? .bypassingSocket : .socket)
      },
      reverseDrops: [.qdisc(of: b, right, countsRefusals: true)] + back.counters(from: .socket),
      xdpDrops: there.xdpCounters(), xdpReverseDrops: back.xdpCounters())
  }

  /// The outside host's veth, a bridge and a TAP on the virtualisation host; we are the guest.
  static func bridgeTap(_ parts: inout LabParts, queues: Int) throws -> LabNetwork {
    let outside = try parts.namespace(.a)
    let host = try parts.namespace(.host)
    try outside.createVeth(named: "a", peer: "b", peerNamespace: host.namespace, queues: queues)
    try host.createBridge(named: "br0")
    let tap = try host.namespace.run { try TapDevice(named: "tap0", queueCount: queues) }
    let master = try host.link(named: "br0").index
    for port in ["b", "tap0"] { try host.setMaster(master, of: host.link(named: port).index) }
    // Only now: a bridge takes its address from its ports.
    let a = try outside.device(named: "a")
    let b = try host.device(named: "b")
    let bridge = try host.device(named: "br0")
    let guestSide = try host.device(named: "tap0")
    try outside.setUp(true, a.index)
    for device in [b, guestSide, bridge] { try host.setUp(true, device.index) }
    try outside.waitUntilReady(a)
    for device in [b, guestSide, bridge] { try host.waitUntilReady(device) }
    let into = try VethHop(from: a, outside, to: b, host)
    let out = try VethHop(from: b, host, to: a, outside)
    return LabNetwork(
      sender: Endpoint(device: a),
      receiver: Endpoint(device: guestSide, address: guestAddress, tap: tap),
      path: [a, b, bridge, guestSide],
      drops: { bypass in
        [.qdisc(of: a, outside, countsRefusals: !bypass)]
          + into.counters(from: bypass ? .bypassingSocket : .socket)
          + [
            .qdisc(of: guestSide, host, hop: "tap-qdisc"),
            .tapRing(of: guestSide, host),
          ]
      },
      reverseDrops: [
        .receiveDropped(of: guestSide, host, hop: "tap-backlog"),
        .qdisc(of: b, host, hop: "port-qdisc"),
      ] + out.counters(from: .bridge))
  }

  /// The outside host's veth, and on its end in the virtualisation host a macvtap in bridge mode with
  /// the guest's own address; we are the guest.
  static func macvtap(_ parts: inout LabParts, queues: Int) throws -> LabNetwork {
    let outside = try parts.namespace(.a)
    let host = try parts.namespace(.host)
    try outside.createVeth(named: "a", peer: "b", peerNamespace: host.namespace, queues: queues)
    let a = try outside.device(named: "a")
    let b = try host.device(named: "b")
    try host.createMacvtap(on: b, named: "macvtap0", queues: queues)
    if let guestAddress {
      try host.setAddress(guestAddress, of: host.link(named: "macvtap0").index)
    }
    let guestSide = try host.device(named: "macvtap0")
    let tap = try TapDevice.macvtap(guestSide, queueCount: queues)
    try outside.setUp(true, a.index)
    for device in [b, guestSide] { try host.setUp(true, device.index) }
    try outside.waitUntilReady(a)
    for device in [b, guestSide] { try host.waitUntilReady(device) }
    let into = try VethHop(from: a, outside, to: b, host)
    let out = try VethHop(from: b, host, to: a, outside)
    return LabNetwork(
      sender: Endpoint(device: a),
      receiver: Endpoint(device: guestSide, address: guestAddress, tap: tap),
      path: [a, b, guestSide],
      drops: { bypass in
        [.qdisc(of: a, outside, countsRefusals: !bypass)]
          + into.counters(from: bypass ? .bypassingSocket : .socket)
          // A full ring (drivers/net/tap.c) is what raises this one's `rx_dropped`.
          + [.receiveDropped(of: guestSide, host, hop: "tap-ring")]
      },
      // A frame that the veth drops raises the macvtap's `tx_dropped` as well.
      reverseDrops: [
        .qdisc(of: guestSide, host, hop: "tap-qdisc"), .qdisc(of: b, host, hop: "port-qdisc"),
      ] + out.counters(from: .bridge))
  }

  /// The phantom guest's own address, with the vendor part that QEMU uses.
  private static let guestAddress = MACAddress(octets: [0x52, 0x54, 0x00, 0x6B, 0x76, 0x6D])
}

extension NetlinkSession {
  /// Makes a macvtap, and says what to do where the kernel has none.
  fileprivate func createMacvtap(on lower: NetworkDevice, named name: String, queues: Int) throws {
    do {
      try createMacvtap(named: name, over: lower.index, queues: queues)
    } catch let error as NetlinkError where error.errno == .notSupportedOnSocket {
      throw SystemCallError(
        "make a macvtap", .notSupportedOnSocket,
        on: "(this kernel has none: 'modprobe macvtap', or take lab bridge-tap)")
    }
  }

  package func device(named name: String) throws -> NetworkDevice {
    let link = try link(named: name)
    guard let address = link.address else {
      throw NetlinkError("get the address of \(name)", .invalidArgument)
    }
    return NetworkDevice(namespace: namespace, name: name, index: link.index, address: address)
  }

  /// Waits until the kernel has seen the carrier and attached the qdisc: before that, it throws
  /// away what is sent. Throws `ETIMEDOUT` if that takes longer than `seconds`.
  package func waitUntilReady(_ device: NetworkDevice, within seconds: Double = 5) throws {
    let limit = MonotonicTime.now() + UInt64(seconds * 1e9)
    while MonotonicTime.now() < limit {
      if try link(index: device.index).isReady { return }
      (MonotonicTime.now() + 5_000_000).sleepUntil()
    }
    throw NetlinkError("wait for the carrier of \(device.name)", .timedOut)
  }
}
