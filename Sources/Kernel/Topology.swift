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

  /// This machine as the kernel shows it now (Documentation/admin-guide/mm/numaperf.rst,
  /// `/sys/devices/system/node`); a kernel without NUMA is one node with every CPU.
  ///
  /// Not by libnuma: that looks once, before `main`, and the first process of a guest mounts `/sys`
  /// itself.
  package static func machine(files: HostFiles = .live) -> Topology {
    func cpus(_ path: String) -> CPUSet? {
      files.readIfPresent("/sys/devices/system/\(path)").flatMap(CPUSet.init(list:))
    }
    let nodes = files.list("/sys/devices/system/node")
      .compactMap { $0.hasPrefix("node") ? Int($0.dropFirst(4)) : nil }.sorted()
      .map { Node(number: $0, cpus: cpus("node/node\($0)/cpulist") ?? CPUSet([])) }
    guard nodes.allSatisfy(\.cpus.isEmpty) else { return Topology(nodes: nodes) }
    return Topology(nodes: [Node(number: 0, cpus: cpus("cpu/online") ?? CPUSet([0]))])
  }
}
