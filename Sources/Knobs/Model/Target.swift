package import Kernel
package import Netlink
import Synchronization

/// What a sweep tunes: the device that sends, the one that receives, and every hop between.
///
/// A knob acts on the end where it has its effect. On a real NIC both ends are that NIC; in the
/// veth lab they are the two ends; in the bridge-tap lab both are the TAP.
///
/// An open target keeps netlink sockets, and so the namespaces of its devices, alive: ``close()``
/// it before a lab is removed.
package struct Target: Sendable {
  package let transmitter: NetworkDevice
  package let receiver: NetworkDevice
  /// Every device on the way, in order, both ends included.
  package let path: [NetworkDevice]
  /// Whether all of it was made by us and will be thrown away.
  package let isLab: Bool
  package let tap: TapDevice?
  package let machine: Machine
  private let sessions: Sessions

  package init(
    transmitter: NetworkDevice, receiver: NetworkDevice, path: [NetworkDevice], isLab: Bool,
    tap: TapDevice? = nil, machine: Machine = .live
  ) {
    self.transmitter = transmitter
    self.receiver = receiver
    self.path = path
    self.isLab = isLab
    self.tap = tap
    self.machine = machine
    sessions = Sessions()
  }

  /// A NIC of this host.
  package init(nic: NetworkDevice, machine: Machine = .live) {
    self.init(transmitter: nic, receiver: nic, path: [nic], isLab: false, machine: machine)
  }

  /// No device at all: for host-wide knobs only.
  package init(_ machine: Machine) {
    self.init(
      nic: NetworkDevice(namespace: .current, name: "", index: 0, address: .zero), machine: machine)
  }

  /// A netlink session in the namespace of a device; opened once, shared.
  package func session(for device: NetworkDevice) throws -> NetlinkSession {
    try sessions.session(in: device.namespace)
  }

  /// Closes the netlink sessions; the next use opens them again.
  package func close() { sessions.close() }

  /// A file below `/sys` or `/proc` as the namespace of a device shows it.
  func attribute(_ path: String, of device: NetworkDevice) -> Attribute {
    Attribute(path: path, files: machine.deviceFiles, namespace: device.namespace)
  }

  /// The memory node of a device or, for virtio, of the bus device that holds it; nil if none is
  /// nearer than another.
  func node(of device: NetworkDevice) -> Int? {
    let folder = "/sys/class/net/\(device.name)/device"
    return ["\(folder)/numa_node", "\(folder)/../numa_node"]
      .compactMap { path in (try? attribute(path, of: device).read()).flatMap { Int($0) } }
      .first { $0 >= 0 }
  }

  /// The two ends, named by their roles; one if they are the same device.
  var ends: [(role: String, device: NetworkDevice)] {
    let isOne =
      transmitter.namespace === receiver.namespace && transmitter.index == receiver.index
    let sender = (End.transmitter.rawValue, transmitter)
    return isOne ? [sender] : [sender, (End.receiver.rawValue, receiver)]
  }
}

/// The machine around a target.
package struct Machine: Sendable {
  /// Holds the settings of the whole machine. A test hands a recorded folder.
  package let files: HostFiles
  /// Holds what belongs to devices and namespaces, and the interrupts.
  package let deviceFiles: HostFiles
  package let topology: Topology

  package init(files: HostFiles, deviceFiles: HostFiles, topology: Topology) {
    self.files = files
    self.deviceFiles = deviceFiles
    self.topology = topology
  }

  package static let live = Machine(files: .live, deviceFiles: .live, topology: .machine())
}

/// Which end a knob acts on.
enum End: String, Sendable {
  case transmitter, receiver

  func device(of target: Target) -> NetworkDevice {
    self == .transmitter ? target.transmitter : target.receiver
  }
}

/// The netlink sessions of one target, one for each namespace.
private final class Sessions: Sendable {
  private let open = Mutex<[ObjectIdentifier: NetlinkSession]>([:])

  func session(in namespace: NetworkNamespace) throws -> NetlinkSession {
    try open.withLock { open in
      if let session = open[ObjectIdentifier(namespace)] { return session }
      let session = try NetlinkSession(in: namespace)
      open[ObjectIdentifier(namespace)] = session
      return session
    }
  }

  func close() {
    open.withLock { open in
      for session in open.values { session.close() }
      open = [:]
    }
  }
}
