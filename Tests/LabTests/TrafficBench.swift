import Foundation
import Glibc
import Kernel
import Measurement
import Testing

@testable import Traffic

/// Two namespaces joined by a veth pair, or a TAP behind a bridge, made by hand with ip(8).
final class TrafficBench: Sendable {
  let near: NetworkNamespace
  let far: NetworkNamespace
  let route: Route

  static func run(_ words: String) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = words.split(separator: " ").map(String.init)
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0, "\(words)")
  }

  static func device(_ name: String, in namespace: NetworkNamespace) throws -> NetworkDevice {
    try namespace.run {
      let files = HostFiles.live
      let text = try files.read("/sys/class/net/\(name)/address")
      return NetworkDevice(
        namespace: namespace, name: name,
        index: Int32(files.readInteger("/sys/class/net/\(name)/ifindex") ?? 0),
        address: try #require(MACAddress(text)))
    }
  }

  static func dropped(_ device: NetworkDevice, _ file: String, hop: String) -> DropCounter {
    DropCounter(hop: hop) {
      try device.namespace.run {
        UInt64(
          HostFiles.live.readInteger("/sys/class/net/\(device.name)/statistics/\(file)") ?? 0)
      }
    }
  }

  init(tapQueues: Int = 0) throws {
    let name = "kvmtune-t\(getpid() % 10000)\(UInt16.random(in: 0...9999))"
    near = try .create(named: name + "-a")
    far = try .create(named: name + "-b")
    let names = (near.name ?? "", far.name ?? "")
    try Self.run("ip link add name a netns \(names.0) type veth peer name b netns \(names.1)")
    for (space, end, ip) in [(names.0, "a", "198.18.7.1"), (names.1, "b", "198.18.7.2")] {
      try Self.run("ip netns exec \(space) sysctl -qw net.ipv6.conf.all.disable_ipv6=1")
      try Self.run("ip -n \(space) addr add \(ip)/24 dev \(end)")
      try Self.run("ip -n \(space) link set dev \(end) up")
    }
    let a = try Self.device("a", in: near)
    let b = try Self.device("b", in: far)
    guard tapQueues > 0 else {
      route = Route(
        sender: Endpoint(device: a, ipv4: "198.18.7.1"),
        receiver: Endpoint(device: b, ipv4: "198.18.7.2"),
        drops: [Self.dropped(a, "tx_dropped", hop: "veth")],
        reverseDrops: [Self.dropped(b, "tx_dropped", hop: "veth")], mtu: 1500)
      return
    }
    let tap = try far.run { try TapDevice(named: "t0", queueCount: tapQueues) }
    try Self.run("ip -n \(names.1) link add br0 type bridge")
    for port in ["b", "t0"] {
      try Self.run("ip -n \(names.1) link set dev \(port) master br0")
      try Self.run("ip -n \(names.1) link set dev \(port) up")
    }
    try Self.run("ip -n \(names.1) link set br0 up")
    let t0 = try Self.device("t0", in: far)
    route = Route(
      sender: Endpoint(device: a, ipv4: "198.18.7.1"),
      receiver: Endpoint(
        device: t0, address: MACAddress("52:54:00:12:34:56"), tap: tap),
      drops: [
        Self.dropped(a, "tx_dropped", hop: "veth"),
        Self.dropped(t0, "tx_dropped", hop: "tap-ring"),
      ],
      reverseDrops: [
        Self.dropped(b, "tx_dropped", hop: "veth"), Self.dropped(t0, "rx_dropped", hop: "tap"),
      ], mtu: 1500)
  }

  func remove() {
    near.delete()
    far.delete()
  }

  deinit { remove() }
}
