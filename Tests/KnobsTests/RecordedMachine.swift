import Foundation
import Kernel
import Knobs
import TestSupport

/// A folder with files of `/proc` and `/sys` as some machine has them.
final class RecordedMachine {
  private let folder: TemporaryFolder
  var files: HostFiles { HostFiles(root: folder.path) }

  /// - Parameters:
  ///   - texts: by path.
  ///   - links: what each symbolic link names, as seen from the root.
  init(_ texts: [String: String], links: [String: String] = [:]) throws {
    folder = try TemporaryFolder()
    for (path, text) in texts {
      try makeFolder(of: path)
      try text.write(toFile: folder.path + path, atomically: false, encoding: .utf8)
    }
    for (path, target) in links {
      try makeFolder(of: path)
      try FileManager.default.createSymbolicLink(
        atPath: folder.path + path, withDestinationPath: folder.path + target)
    }
  }

  private func makeFolder(of path: String) throws {
    let parent = path.split(separator: "/").dropLast().joined(separator: "/")
    try FileManager.default.createDirectory(
      atPath: "\(folder.path)/\(parent)", withIntermediateDirectories: true)
  }

  func read(_ path: String) throws -> String { try files.read(path) }

  /// The device of that name on this machine.
  func target(nic name: String, nodes: [[Int]] = [[0, 1, 2, 3]]) throws -> Target {
    let address = MACAddress("02:00:5e:10:00:01")
    let nodes = nodes.enumerated().map {
      Topology.Node(number: $0.offset, cpus: CPUSet($0.element))
    }
    let machine = Machine(files: files, deviceFiles: files, topology: Topology(nodes: nodes))
    guard let address else { throw CocoaError(.formatting) }
    return Target(
      nic: NetworkDevice(namespace: .current, name: name, index: 2, address: address),
      machine: machine)
  }

  /// A virtio NIC with two queue pairs, as QEMU makes it: interrupts belong to the PCI function
  /// above, and another device's name begins alike.
  static func virtio() throws -> RecordedMachine {
    let function = "/sys/devices/pci0000:00/0000:00:03.0"
    var texts = [
      "/proc/interrupts": """
                 CPU0       CPU1       CPU2       CPU3
       26:          0         15          0          0  IO-APIC   4-edge      ttyS0
       37:          0          0          0          0 PCI-MSIX-0000:00:03.0   0-edge      virtio2-config
       38:          0        554          0          0 PCI-MSIX-0000:00:03.0   1-edge      virtio2-input.0
       39:        385          0          0          0 PCI-MSIX-0000:00:03.0   2-edge      virtio2-output.0
       40:          1          2          3          4 PCI-MSIX-0000:00:03.0   3-edge      virtio2-input.1
       41:          0          0          7          0 PCI-MSIX-0000:00:03.0   4-edge      virtio2-output.1
       50:          9          9          9          9 PCI-MSIX-0000:00:09.0   1-edge      virtio20-input.0
      NMI:          0          0          0          0   Non-maskable interrupts
      ERR:          0

      """,
      "\(function)/numa_node": "1\n",
      "\(function)/virtio2/uevent": "",
      "\(function)/virtio2/features": String(repeating: "01", count: 32) + "\n",
      // A vector that the driver has not requested.
      "\(function)/msi_irqs/42": "msix\n",
    ]
    for number in 37...41 {
      texts["\(function)/msi_irqs/\(number)"] = "msix\n"
      texts["/proc/irq/\(number)/smp_affinity_list"] = "0-3\n"
      texts["/proc/irq/\(number)/effective_affinity_list"] = "\(number % 4)\n"
    }
    for queue in 0..<2 {
      texts["/sys/class/net/eth0/queues/rx-\(queue)/rps_cpus"] = "0\n"
      texts["/sys/class/net/eth0/queues/tx-\(queue)/xps_cpus"] = "\(queue + 1)\n"
    }
    for (name, value) in [
      "core/netdev_max_backlog": "1000", "core/netdev_budget": "300", "core/somaxconn": "4096",
      "ipv4/ip_local_port_range": "32768\t60999", "ipv4/ip_unprivileged_port_start": "80",
    ] {
      texts["/proc/sys/net/\(name)"] = value + "\n"
    }
    return try RecordedMachine(
      texts, links: ["/sys/class/net/eth0/device": "\(function)/virtio2"])
  }
}
