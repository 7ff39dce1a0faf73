import CLinux

/// The memory nodes of a machine and the CPUs that are near each of them (numa(7)).
package struct Topology: Sendable, Hashable {
  package struct Node: Sendable, Hashable {
    package let number: Int
    /// Its CPUs that are online; a node may have none.
    package let cpus: CPUSet

    package init(number: Int, cpus: CPUSet) {
      self.number = number
      self.cpus = cpus
    }
  }

  /// In order of their numbers; never empty.
  package let nodes: [Node]

  package init(nodes: [Node]) {
    precondition(!nodes.isEmpty, "a machine has a node")
    self.nodes = nodes
  }

  /// Every CPU that is online.
  package var online: CPUSet { CPUSet(nodes.flatMap(\.cpus.members)) }

  /// The CPUs of a node; every CPU for a node that there is not, such as the −1 of a device
  /// that is near to all.
  package func cpus(ofNode number: Int?) -> CPUSet {
    nodes.first { $0.number == number && !$0.cpus.isEmpty }?.cpus ?? online
  }

  /// The node that a CPU belongs to.
  package func node(of cpu: Int) -> Int? { nodes.first { $0.cpus.contains(cpu) }?.number }

  /// This machine, as libnuma knows it; a kernel without NUMA is one node with every CPU.
  package static func machine(files: HostFiles = .live) -> Topology {
    let online =
      files.readIfPresent("/sys/devices/system/cpu/online").flatMap(CPUSet.init(list:))
      ?? CPUSet([0])
    guard numa_available() >= 0 else { return Topology(nodes: [Node(number: 0, cpus: online)]) }
    let nodes = (0...max(0, Int(numa_max_node()))).compactMap { number in
      cpus(ofNodeFromLibrary: number).map {
        Node(number: number, cpus: $0.intersection(online))
      }
    }
    let known = nodes.contains { !$0.cpus.isEmpty }
    return Topology(nodes: known ? nodes : [Node(number: 0, cpus: online)])
  }

  /// Safe: the mask is ours, sized by the library, and freed before we return.
  private static func cpus(ofNodeFromLibrary number: Int) -> CPUSet? {
    guard let mask = unsafe numa_allocate_cpumask() else { return nil }
    defer { unsafe numa_bitmask_free(mask) }
    guard unsafe numa_node_to_cpus(CInt(number), mask) == 0 else { return nil }
    let size = min(CPUSet.limit, Int(unsafe mask.pointee.size))
    return CPUSet((0..<size).filter { unsafe numa_bitmask_isbitset(mask, UInt32($0)) != 0 })
  }
}
