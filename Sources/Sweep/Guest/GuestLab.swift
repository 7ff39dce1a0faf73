import Kernel
import Knobs
package import Lab
import Netlink
package import Traffic

/// A guest that runs on a network of its own, with its NICs set up for traffic: what a lab is for
/// a real guest. From any thread.
package final class GuestLab: Sendable {
  package let definition: GuestDefinition
  package let network: GuestNetwork
  package let guest: Guest
  package let agent: GuestAgent
  /// The driver of the NIC that is measured.
  package let driver: String

  /// The NIC that is measured, in the guest.
  private let device: String
  private let end: RemoteEnd

  /// What the guest's NICs are called in the guest: `net0`, …
  package static func deviceName(_ index: Int) -> String { "net\(index)" }

  /// - Throws: `GuestError`, `GuestObjection`, and what making its network throws; nothing is left
  ///   behind then.
  init(_ definition: GuestDefinition, on host: GuestHost, at station: Station) throws {
    let name = Lab.randomName()
    let network = try GuestNetwork.make(for: definition, named: name)
    do {
      guest = try Guest.boot(
        definition, backends: network.backends, in: network.host, image: host.image,
        accelerator: host.accelerator, console: "\(host.consoles)/\(name).log")
      agent = GuestAgent(guest)
      (device, driver) = try station.prepare(agent, network)
      let path = network.paths[0]
      end = try RemoteEnd(
        agent, device: device,
        forwarded: path.attachment.carriesFrames
          ? nil : SocketAddress(path.entrance, port: TrafficService.firstPort))
    } catch {
      network.remove()
      throw error
    }
    self.definition = definition
    self.network = network
  }

  package var isUsable: Bool { guest.isUsable }

  /// The way of a workload from the host outside to the guest.
  package func route(for workload: Workload, mtu: Int) -> Route {
    let path = network.paths[0]
    let drops = workload.bypassQdisc ? path.dropsWithQdiscBypass : path.drops
    return Route(
      sender: .local(path.outside), receiver: .remote(end), drops: drops + end.arriving,
      reverseDrops: end.leaving + path.reverseDrops, mtu: mtu,
      extraCPU: { [guest] in guest.cpuTime() ?? 0 })
  }

  /// The smallest MTU on the way.
  package func mtu() throws -> Int {
    let path = network.paths[0]
    let near = try path.devices.map { device in
      let session = try NetlinkSession(in: device.namespace)
      defer { session.close() }
      return try session.link(index: device.index).mtu
    }
    return (near + [end.mtu]).min() ?? end.mtu
  }

  /// Ends the guest and takes its network away. Later calls do nothing.
  ///
  /// The console of a guest that failed is kept.
  package func remove() {
    let wasUsable = guest.isUsable
    guest.close()
    network.remove()
    if wasUsable { guest.forgetConsole() }
  }
}

/// What is done in a guest before it is measured, and which of its devices then is.
package enum Station: Sendable, Hashable {
  /// The first NIC.
  case interface
  /// A virtual function of the first NIC, made by SR-IOV.
  case virtualFunction

  /// A driver in emulation may take its time; igbvf starts anew after ten seconds if it found its
  /// physical function away.
  private static let carrierSeconds = 40.0

  /// Sets the guest's NICs up.
  ///
  /// - Returns: the name and driver of the device that is measured.
  func prepare(_ agent: GuestAgent, _ network: GuestNetwork) throws -> (String, driver: String) {
    for (index, path) in network.paths.enumerated() {
      var interface = AgentInterface(path.guest, name: GuestLab.deviceName(index))
      if self == .virtualFunction { interface.address = nil }
      try agent.configure(interface)
    }
    let first = GuestLab.deviceName(0)
    let device =
      self == .interface ? first : try Self.makeVirtualFunction(of: first, agent, network)
    return (device, try agent.driver(of: device))
  }

  /// One virtual function (Documentation/PCI/pci-iov-howto.rst), with the address that outside looks
  /// for.
  private static func makeVirtualFunction(
    of device: String, _ agent: GuestAgent, _ network: GuestNetwork
  ) throws -> String {
    let folder = "/sys/class/net/\(device)/device"
    try agent.write("1", to: "\(folder)/sriov_numvfs")
    let path = network.paths[0]
    guard let name = try agent.list("\(folder)/virtfn0/net").first else {
      throw GuestError.unavailable(
        "the guest made a virtual function, but its kernel has no driver for it (igbvf)")
    }
    let hardware = try agent.read("/sys/class/net/\(name)/address")
    guard let address = MACAddress(hardware) else {
      throw GuestError.refused("the virtual function has no hardware address")
    }
    var interface = AgentInterface(path.guest, name: "vf0")
    interface.hardware = hardware
    try agent.configure(interface)
    // Only a physical function whose link comes up tells its virtual ones that theirs has.
    try agent.setUp(false, device)
    try agent.setUp(true, device)
    let session = try NetlinkSession(in: path.outside.device.namespace)
    defer { session.close() }
    try session.addNeighbour(path.entrance, at: address, on: path.outside.device.index)
    return "vf0"
  }
}

extension AgentInterface {
  init(_ addressing: GuestAddressing, name: String) {
    self.init(
      hardware: addressing.hardware.description, name: name,
      address: "\(addressing.ipv4)/\(addressing.prefixLength)", gateway: addressing.gateway,
      neighbours: Dictionary(
        addressing.neighbours.map { ($0.ipv4, $0.hardware.description) }, uniquingKeysWith: { $1 }))
  }
}
