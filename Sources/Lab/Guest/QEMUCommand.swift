import Kernel

/// The arguments that start a guest: a pure function of what it is made of.
///
/// A q35 machine without anything that was not asked for, a kernel that is started directly, its
/// console as standard output, a virtio-serial port for the agent and the guest's NICs. No NIC
/// has an option ROM: nothing starts from the network, and QEMU needs no ROM files.
package struct QEMUCommand: Sendable, Hashable {
  /// What follows the program's name.
  package let arguments: [String]

  /// The port that the agent finds in the guest.
  package static let agentPort = "org.kvmtune.agent"

  /// What every guest's kernel is told.
  package static let kernelParameters = ["console=ttyS0", "panic=-1", "quiet"]
  /// Besides those, in emulation (kernel-parameters.txt).
  ///
  /// - `maxcpus=1`: while the kernel maps devices, no other CPU may touch a register that is mapped:
  ///   QEMU 10 looks it up in a map that is just being replaced, so that it fails an assertion
  ///   (`iotlb_to_section` in system/physmem.c) or a write goes astray and a timer never goes off.
  ///   The agent switches the other CPUs on.
  /// - `tsc=reliable`: all CPUs count the host's ticks. Doubted, they would be replaced by the HPET,
  ///   a register that all CPUs wait for.
  /// - `no_timer_check`: whether a timer ticks while the boot CPU counts to ten is a test of the host.
  package static let emulationParameters = ["maxcpus=1", "tsc=reliable", "no_timer_check"]

  /// - Parameters:
  ///   - definition: one without objections.
  ///   - accelerator: `kvm` or `tcg`.
  ///   - kernel: path of a compressed image, or of a `vmlinux` with a PVH entry.
  ///   - agent: a connected stream socket that QEMU inherits.
  ///   - backends: one for each interface.
  ///   - parameters: of the kernel, besides ours.
  package init(
    _ definition: GuestDefinition, accelerator: String, kernel: String, initramfs: String,
    agent: CInt, backends: [InterfaceBackend], parameters: [String] = []
  ) {
    precondition(backends.count == definition.interfaces.count, "each NIC has a backend")
    var words = ["-no-user-config", "-nodefaults", "-no-reboot", "-display", "none"]
    words += ["-machine", "q35"]
    words +=
      accelerator == "kvm"
      ? ["-accel", "kvm", "-cpu", "host"]
      : ["-accel", "\(accelerator),thread=multi", "-cpu", "max"]
    words += Self.memory(of: definition)
    words += ["-kernel", kernel, "-initrd", initramfs]
    let usual = Self.kernelParameters + (accelerator == "kvm" ? [] : Self.emulationParameters)
    words += ["-append", (usual + parameters).joined(separator: " ")]
    words += ["-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console"]
    words += ["-device", "virtio-serial-pci", "-chardev", "socket,id=agent,fd=\(agent)"]
    words += ["-device", "virtserialport,chardev=agent,name=\(Self.agentPort)"]
    for node in Set(definition.interfaces.compactMap(\.node)).sorted() {
      words += ["-device", Self.hostBridge(ofNode: node)]
    }
    for (index, backend) in backends.enumerated() {
      words += Self.nic(index, of: definition, behind: backend)
    }
    arguments = words
  }

  /// Every memory node is a socket of its own, with its share of the memory.
  private static func memory(of definition: GuestDefinition) -> [String] {
    let nodes = definition.nodes
    let (cpus, megabytes) = (definition.cpus / nodes, definition.memoryMegabytes / nodes)
    let words = ["-smp", "\(cpus * nodes),sockets=\(nodes)", "-m", "\(megabytes * nodes)M"]
    if nodes == 1 { return words }
    return words
      + (0..<nodes).flatMap { node in
        let first = node * cpus
        return [
          "-object", "memory-backend-ram,id=memory\(node),size=\(megabytes)M",
          "-numa",
          "node,nodeid=\(node),cpus=\(CPUSet(first..<first + cpus)),memdev=memory\(node)",
        ]
      }
  }

  /// A PCIe host bridge that is near to a memory node (docs/pcie.txt of QEMU). The firmware counts
  /// buses from 0 upwards, so these begin far behind, with room for every NIC.
  private static func hostBridge(ofNode node: Int) -> String {
    "pxb-pcie,id=bus\(node),bus=pcie.0,bus_nr=\(64 + 24 * node),numa_node=\(node)"
  }

  /// A NIC: PCIe ones behind a root port of their own, conventional ones in a slot of the machine.
  private static func nic(
    _ index: Int, of definition: GuestDefinition, behind backend: InterfaceBackend
  ) -> [String] {
    let interface = definition.interfaces[index]
    var words = ["-netdev", netdev(index, interface, backend)]
    var bus = "pcie.0"
    if interface.model.isPCIExpress {
      let root = interface.node.map { "bus\($0)" } ?? bus
      bus = "port\(index)"
      words += ["-device", "pcie-root-port,id=\(bus),bus=\(root),chassis=\(index + 1)"]
    }
    let identity = [
      interface.model.device, "id=net\(index)", "netdev=backend\(index)",
      "mac=\(definition.address(ofInterface: index))", "romfile=", "bus=\(bus)",
    ]
    let options = identity + interface.virtioOptions
    return words + ["-device", options.joined(separator: ",")]
  }

  /// The arguments of one NIC for people to read: descriptors count from 3, as the first that a
  /// program opens.
  package static func example(ofInterface index: Int, of definition: GuestDefinition) -> [String] {
    let interface = definition.interfaces[index]
    let user = UserNetwork(
      network: "198.19.\(index).0/24", gateway: "198.19.\(index).1",
      guest: "198.19.\(index).2", entrance: "198.18.\(index).2", ports: GuestPath.forwardedPorts)
    let queues = (3..<3 + CInt(interface.queues)).map(\.self)
    return nic(
      index, of: definition,
      behind: interface.attachment == .user ? .user(user) : .queues(queues))
  }

  private static func netdev(
    _ index: Int, _ interface: GuestInterface, _ backend: InterfaceBackend
  ) -> String {
    switch backend {
    case .queues(let queues):
      let descriptors = queues.map(String.init).joined(separator: ":")
      let vhost = interface.vhost ? ",vhost=on" : ""
      return "tap,id=backend\(index),fds=\(descriptors)\(vhost)"
    case .user(let user):
      let forwards = user.ports.flatMap { port in
        ["tcp", "udp"].map { "hostfwd=\($0):\(user.entrance):\(port)-\(user.guest):\(port)" }
      }
      let options = [
        "user", "id=backend\(index)", "ipv6=off", "net=\(user.network)", "host=\(user.gateway)",
      ]
      return (options + forwards).joined(separator: ",")
    }
  }
}

extension GuestInterface {
  /// The options of `virtio-net-pci` that are not as QEMU has them anyway.
  fileprivate var virtioOptions: [String] {
    guard model == .virtio else { return [] }
    let vectors = vectors ?? (queues > 1 ? fittingVectors : nil)
    return [
      queues > 1 ? "mq=on" : nil,
      vectors.map { "vectors=\($0)" },
      receiveQueueSize.map { "rx_queue_size=\($0)" },
      transmitQueueSize.map { "tx_queue_size=\($0)" },
      packed ? "packed=on" : nil,
      eventIndex ? nil : "event_idx=off",
      mergeableBuffers ? nil : "mrg_rxbuf=off",
      hostMTU.map { "host_mtu=\($0)" },
    ].compactMap(\.self)
  }
}
