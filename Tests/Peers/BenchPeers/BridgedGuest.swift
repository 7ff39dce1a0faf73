import Kernel
import Lab
import Netlink

/// A guest on the bridge of a lab with a whole network stack: a namespace with one NIC, where
/// programs run that cannot write to a TAP themselves.
final class BridgedGuest {
  /// What the NIC is.
  enum NIC {
    /// A second TAP. A C loop holds its queue and that of the lab's TAP, and copies between them.
    case relayedTap
    /// A veth whose other end is a port of the bridge, beside the lab's TAP.
    case veth
  }

  /// Of the lab's sending end, where servers listen.
  static let server = "198.18.0.1"
  private static let address = "198.18.0.2"

  let namespace: NetworkNamespace
  private let tap: TapDevice?
  private let relay: PeerLoop?

  init(_ nic: NIC, on ground: Ground) throws {
    // The name that the lab's other end would have: it goes with the lab if we die before.
    let namespace = try NetworkNamespace.create(named: ground.lab.name + "-b")
    do {
      let session = try Self.session(in: namespace)
      defer { session.close() }
      let made: (TapDevice, PeerLoop)?
      switch nic {
      case .relayedTap: made = try Self.makeTap(session, ground)
      case .veth:
        try Self.makeVeth(session, ground)
        made = nil
      }
      try Self.connect(session, ground)
      (tap, relay) = (made?.0, made?.1)
    } catch {
      Self.remove(namespace)
      throw error
    }
    self.namespace = namespace
  }

  deinit { Self.remove(namespace) }

  /// Runs `body` while packets pass, at most so long.
  func reached<Result>(seconds: Double, _ body: () throws -> Result) throws -> Result {
    try relay?.start(milliseconds: Int(seconds * 1000))
    let result = Swift.Result { try body() }
    _ = try relay?.finish()
    return try result.get()
  }

  /// A session, in a namespace without IPv6, whose solicitations would be foreign frames.
  private static func session(in namespace: NetworkNamespace) throws -> NetlinkSession {
    try namespace.run {
      for scope in ["all", "default"] {
        let file = "/proc/sys/net/ipv6/conf/\(scope)/disable_ipv6"
        if HostFiles.live.exists(file) { try HostFiles.live.write("1", to: file) }
      }
    }
    return try NetlinkSession(in: namespace)
  }

  private static let nic = "nic0"

  /// Both TAPs take super-frames whole, as a guest's driver would have it.
  private static func makeTap(_ session: NetlinkSession, _ ground: Ground) throws
    -> (TapDevice, PeerLoop)
  {
    guard let outer = ground.receiver.tap, let queue = outer.queues.first else {
      throw BenchError("the network has no TAP")
    }
    let tap = try session.namespace.run { try TapDevice(named: nic, queueCount: 1) }
    for device in [outer, tap] { try device.takeSuperFrames(true) }
    try session.setAddress(ground.receiver.address, of: session.link(named: nic).index)
    let relay = try PeerLoop(
      "tap-relay", on: ground.receiver.device, frame: [0], cpus: [], descriptor: queue,
      guest: tap.queues.first)
    return (tap, relay)
  }

  private static func makeVeth(_ session: NetlinkSession, _ ground: Ground) throws {
    let host = try NetlinkSession(in: ground.receiver.device.namespace)
    defer { host.close() }
    try host.createVeth(
      named: "c", peer: nic, peerNamespace: session.namespace, queues: 1)
    let port = try host.link(named: "c").index
    try host.setMaster(host.link(named: "br0").index, of: port)
    try host.setUp(true, port)
  }

  /// Gives both ends addresses, and tells each of the other.
  private static func connect(_ session: NetlinkSession, _ ground: Ground) throws {
    let far = try NetlinkSession(in: ground.sender.device.namespace)
    defer { far.close() }
    let device = try session.device(named: nic)
    try session.addAddress("\(address)/24", to: device.index)
    try session.setUp(true, device.index)
    try session.waitUntilReady(device)
    try session.addNeighbour(server, at: ground.sender.address, on: device.index)
    let end = ground.sender.device.index
    if try !far.ipv4Addresses(of: end).contains(server) {
      try far.addAddress("\(server)/24", to: end)
    }
    try far.addNeighbour(address, at: device.address, on: end)
  }

  /// The NIC is deleted by its name: a process that still holds something must not keep it.
  private static func remove(_ namespace: NetworkNamespace) {
    if let name = namespace.name { NetworkNamespace.killInhabitants(ofNamed: name) }
    if let session = try? NetlinkSession(in: namespace) {
      if let link = try? session.link(named: nic) { try? session.delete(link.index) }
      session.close()
    }
    namespace.delete()
  }
}
