import Kernel
import Netlink
import SystemPackage

/// What every way of attaching a guest begins with: a veth from outside into the host.
struct GuestGround {
  let interface: GuestInterface
  let index: Int
  let hardware: MACAddress
  let outside: NetlinkSession
  let host: NetlinkSession
  /// The veth's outer end, up, with an address.
  let a: NetworkDevice
  /// Its end on the host, up, without one.
  let b: NetworkDevice

  private var outsideAddress: String { "198.18.\(index).1" }
  private var entrance: String { "198.18.\(index).2" }
  /// The network behind the host of a guest that is not reached directly.
  private var inner: (network: String, gateway: String, guest: String) {
    ("198.19.\(index).0/24", "198.19.\(index).1", "198.19.\(index).2")
  }
  private static let prefixLength = 24

  init(
    _ index: Int, of definition: GuestDefinition, outside: NetlinkSession, host: NetlinkSession
  ) throws {
    self.index = index
    interface = definition.interfaces[index]
    hardware = definition.address(ofInterface: index)
    self.outside = outside
    self.host = host
    try outside.createVeth(
      named: "a\(index)", peer: "b\(index)", peerNamespace: host.namespace,
      queues: interface.queues)
    a = try outside.device(named: "a\(index)")
    b = try host.device(named: "b\(index)")
    try outside.addAddress("\(outsideAddress)/\(Self.prefixLength)", to: a.index)
    try raise(a, outside)
    try raise(b, host)
    try outside.waitUntilReady(a)
    try host.waitUntilReady(b)
  }

  /// A bridge with the veth and a TAP as its ports.
  func bridge() throws -> GuestPath {
    try host.createBridge(named: "br\(index)")
    let tap = try makeTap()
    let master = try host.link(named: "br\(index)").index
    for port in [b.name, tap.name] { try host.setMaster(master, of: host.link(named: port).index) }
    // Only now: a bridge takes its address from its ports.
    let bridge = try host.device(named: "br\(index)")
    let served = try host.device(named: tap.name)
    for device in [served, bridge] {
      try raise(device, host)
      try host.waitUntilReady(device)
    }
    try outside.addNeighbour(entrance, at: hardware, on: a.index)
    return try path(
      tap, served, [a, b, bridge, served], guest: direct, into: tapDrops(served),
      out: [.receiveDropped(of: served, host, hop: "tap-backlog")])
  }

  /// A macvtap on the veth, with the guest's own address: it takes what is for that.
  func macvtap() throws -> GuestPath {
    let name = "mvt\(index)"
    try host.createMacvtap(named: name, over: b.index, queues: interface.queues)
    try host.setAddress(hardware, of: host.link(named: name).index)
    let served = try host.device(named: name)
    let tap = try TapDevice.macvtap(served, queueCount: interface.queues)
    try raise(served, host)
    try host.waitUntilReady(served)
    try outside.addNeighbour(entrance, at: hardware, on: a.index)
    return try path(
      tap, served, [a, b, served], guest: direct,
      into: [.receiveDropped(of: served, host, hop: "tap-ring")], out: [])
  }

  /// A TAP in a network of its own; the host routes, hides it behind its address and passes the
  /// agreed ports on.
  func nat() throws -> GuestPath {
    let tap = try makeTap()
    let served = try host.device(named: tap.name)
    try host.addAddress("\(inner.gateway)/\(Self.prefixLength)", to: served.index)
    try raise(served, host)
    try host.waitUntilReady(served)
    try addEntrance()
    try host.addNeighbour(inner.guest, at: hardware, on: served.index)
    try translate()
    return try path(
      tap, served, [a, b, served], guest: addressing(behind: served.address),
      into: tapDrops(served), out: [.receiveDropped(of: served, host, hop: "tap-backlog")])
  }

  /// Sockets of QEMU on the host's own NIC.
  func user() throws -> GuestPath {
    try addEntrance()
    let network = UserNetwork(
      network: inner.network, gateway: inner.gateway, guest: inner.guest, entrance: entrance,
      ports: GuestPath.forwardedPorts)
    return try path(
      nil, b, [a, b], guest: addressing(behind: nil), user: network,
      into: [.socketBuffers(in: host.namespace)], out: [])
  }

  // MARK: Parts

  private func makeTap() throws -> TapDevice {
    let (name, queues) = ("tap\(index)", interface.queues)
    return try host.namespace.run { try TapDevice(named: name, queueCount: queues) }
  }

  /// Lets the guest's frames through whole, and sets the device up.
  private func raise(_ device: NetworkDevice, _ session: NetlinkSession) throws {
    if let mtu = interface.hostMTU, mtu > 1500 { try session.setMTU(mtu, of: device.index) }
    try session.setUp(true, device.index)
  }

  /// Gives the host the address that is looked for from outside.
  private func addEntrance() throws {
    try host.addAddress("\(entrance)/\(Self.prefixLength)", to: b.index)
    try host.addNeighbour(outsideAddress, at: a.address, on: b.index)
    try outside.addNeighbour(entrance, at: b.address, on: a.index)
  }

  /// Routes, and loads rules that only know this path, so that each stands alone.
  private func translate() throws {
    let ports = GuestPath.forwardedPorts
    let range = "\(ports.lowerBound)-\(ports.upperBound)"
    let rules = """
      table ip kvmtune\(index) {
        chain entrance {
          type nat hook prerouting priority dstnat;
          iifname "\(b.name)" tcp dport \(range) dnat to \(inner.guest);
          iifname "\(b.name)" udp dport \(range) dnat to \(inner.guest);
        }
        chain exit {
          type nat hook postrouting priority srcnat;
          oifname "\(b.name)" masquerade;
        }
      }
      """
    let loaded = try host.namespace.run {
      try HostFiles.live.write("1", to: "/proc/sys/net/ipv4/ip_forward")
      return try ProgramRun("nft", [rules])
    }
    guard loaded.succeeded else {
      let reason = loaded.errors.split(separator: "\n").first ?? "nft ended with \(loaded.status)"
      throw GuestObjection(
        "net\(index)", "the rules of attachment nat were refused: \(reason)",
        "take attachment bridge, or a kernel with nf_tables and masquerading")
    }
  }

  private var direct: GuestAddressing {
    GuestAddressing(
      hardware: hardware, ipv4: entrance, prefixLength: Self.prefixLength, gateway: nil,
      neighbours: [.init(ipv4: outsideAddress, hardware: a.address)])
  }

  private func addressing(behind gateway: MACAddress?) -> GuestAddressing {
    GuestAddressing(
      hardware: hardware, ipv4: inner.guest, prefixLength: Self.prefixLength,
      gateway: inner.gateway,
      neighbours: gateway.map { [.init(ipv4: inner.gateway, hardware: $0)] } ?? [])
  }

  private func tapDrops(_ tap: NetworkDevice) -> [DropCounter] {
    [.qdisc(of: tap, host, hop: "tap-qdisc"), .tapRing(of: tap, host)]
  }

  /// - Parameters:
  ///   - into: hops behind the veth on the way to the guest.
  ///   - out: hops before the veth on the way outside.
  private func path(
    _ tap: TapDevice?, _ served: NetworkDevice, _ devices: [NetworkDevice],
    guest: GuestAddressing, user: UserNetwork? = nil, into: [DropCounter], out: [DropCounter]
  ) throws -> GuestPath {
    let there = try VethHop(from: a, outside, to: b, host)
    let back = try VethHop(from: b, host, to: a, outside)
    func drops(from origin: VethHop.Origin) -> [DropCounter] {
      [.qdisc(of: a, outside, countsRefusals: origin == .socket)]
        + there.counters(from: origin) + into
    }
    return GuestPath(
      attachment: interface.attachment,
      backend: user.map { .user($0) } ?? .queues(tap?.queues ?? []), tap: tap,
      outside: Endpoint(device: a, ipv4: outsideAddress), served: served, guest: guest,
      entrance: entrance, devices: devices, drops: drops(from: .socket),
      dropsWithQdiscBypass: drops(from: .bypassingSocket),
      reverseDrops: out + [.qdisc(of: b, host, hop: "port-qdisc")]
        + back.counters(from: user == nil ? .bridge : .socket))
  }
}

extension DropCounter {
  /// Datagrams that found their socket's buffer full, of every UDP socket of a namespace
  /// (`RcvbufErrors`, RFC 4113's `udpInErrors` among others).
  static func socketBuffers(in namespace: NetworkNamespace) -> DropCounter {
    DropCounter(hop: "socket-buffer") {
      let text = try namespace.run { try HostFiles.live.read("/proc/thread-self/net/snmp") }
      let lines = text.split(separator: "\n").filter { $0.hasPrefix("Udp: ") }
        .map { $0.split(separator: " ") }
      guard lines.count == 2, let place = lines[0].firstIndex(of: "RcvbufErrors"),
        place < lines[1].count, let count = UInt64(lines[1][place])
      else { throw SystemCallError("read", .notSupported, on: "/proc/net/snmp") }
      return count
    }
  }
}
