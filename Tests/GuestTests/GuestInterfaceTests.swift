import Kernel
import Lab
import Sweep
import TestSupport
import Testing

/// Every model and every attachment, side by side in one guest: what the guest finds, and that
/// packets pass in both directions.
@Suite(.serialized, .enabled(if: GuestTier.isOn, "\(GuestTier.reason)"))
struct GuestInterfaceTests {
  private static let definition: GuestDefinition = {
    let kinds: [(GuestInterface.Model, GuestInterface.Attachment, node: Int?)] = [
      (.virtio, .bridge, nil), (.igb, .macvtap, 1), (.e1000e, .nat, nil), (.rtl8139, .user, nil),
      (.e1000, .bridge, nil), (.vmxnet3, .nat, 0), (.virtio, .macvtap, 1),
      (.virtio, .bridge, nil),
    ]
    var definition = GuestDefinition(
      nodes: 2,
      interfaces: kinds.map { model, attachment, node in
        var interface = GuestInterface(model: model, attachment: attachment)
        interface.node = node
        return interface
      })
    definition.interfaces[0].queues = 2
    definition.interfaces[0].hostMTU = 9000
    definition.interfaces[6].receiveQueueSize = 1024
    definition.interfaces[6].packed = true
    definition.interfaces[6].eventIndex = false
    definition.interfaces[6].mergeableBuffers = false
    definition.interfaces[7].vectors = 0
    return definition
  }()

  private static let drivers = [
    "virtio_net", "igb", "e1000e", "8139cp", "e1000", "vmxnet3", "virtio_net", "virtio_net",
  ]

  @Test func theGuestFindsWhatWasDefinedAndPacketsPass() throws {
    let host = try GuestHost(
      consoles: GuestBench.consoles, program: Program.kvmtune.path,
      tools: ["bash", "ip", "ethtool"].compactMap { Program.tool($0)?.path })
    let lab = try host.make(Self.definition)
    defer { lab.remove() }
    try checkHardware(lab.agent)
    let snmp = "/proc/thread-self/net/snmp"
    for (index, path) in lab.network.paths.enumerated() {
      let outside = path.outside.device.namespace
      func arrived() throws -> (inside: Int, outside: Int) {
        try (
          Self.strayDatagrams(in: lab.agent.read(snmp)),
          Self.strayDatagrams(in: outside.run { try HostFiles.live.read(snmp) })
        )
      }
      func send(to address: String) -> [String] {
        let port = GuestPath.forwardedPorts.upperBound
        return ["-c", "for i in 1 2 3; do echo > /dev/udp/\(address)/\(port); done"]
      }
      let before = try arrived()
      let into = try Program("/usr/bin/bash").inNamespace(outside.name ?? "")
        .run(send(to: path.entrance))
      let out = try lab.agent.run("bash", send(to: #require(path.outside.ipv4)))
      #expect(into.errors.isEmpty && out.errors.isEmpty, "\(into.errors) \(out.errors)")
      let limit = MonotonicTime.now() + 5_000_000_000
      var after = try arrived()
      while after.inside < before.inside + 3 || after.outside < before.outside + 3,
        MonotonicTime.now() < limit
      {
        after = try arrived()
      }
      #expect(after.inside == before.inside + 3, "to net\(index), \(path.attachment)")
      #expect(after.outside == before.outside + 3, "from net\(index), \(path.attachment)")
    }
  }

  private func checkHardware(_ agent: GuestAgent) throws {
    #expect(try agent.read("/sys/devices/system/node/online") == "0-1")
    for (index, interface) in Self.definition.interfaces.enumerated() {
      let device = GuestLab.deviceName(index)
      let folder = "/sys/class/net/\(device)"
      #expect(try agent.driver(of: device) == Self.drivers[index])
      let address = Self.definition.address(ofInterface: index).description
      #expect(try agent.read("\(folder)/address") == address)
      // A virtio device is a child of the one on the bus.
      let place = interface.model == .virtio ? "device/.." : "device"
      if let node = interface.node {
        #expect(try agent.read("\(folder)/\(place)/numa_node") == "\(node)", "\(device)")
      }
    }
    #expect(try agent.read("/sys/class/net/net0/mtu") == "9000")
    let channels = try agent.run("ethtool", ["-l", "net0"]).output
    #expect(channels.contains("Combined:\t2"), "\(channels)")
    let rings = try agent.run("ethtool", ["-g", "net6"]).output
    #expect(rings.contains("RX:\t\t1024"), "\(rings)")
    // VIRTIO 1.1: bit 34 is packed rings, 29 event index, 15 mergeable buffers.
    let bits = Array(try agent.read("/sys/class/net/net6/device/features"))
    #expect(bits[34] == "1" && bits[29] == "0" && bits[15] == "0", "\(String(bits))")
    let usual = Array(try agent.read("/sys/class/net/net0/device/features"))
    #expect(usual[34] == "0" && usual[29] == "1" && usual[15] == "1", "\(String(usual))")
  }

  /// Datagrams that came to a port where nobody listens: `NoPorts` of RFC 4113.
  private static func strayDatagrams(in snmp: String) throws -> Int {
    let lines = snmp.split(separator: "\n").filter { $0.hasPrefix("Udp: ") }
      .map { $0.split(separator: " ") }
    let place = try #require(lines.first?.firstIndex(of: "NoPorts"))
    return try #require(lines.last.flatMap { Int($0[place]) })
  }
}
