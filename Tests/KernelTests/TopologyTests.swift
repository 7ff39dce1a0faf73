import Foundation
import TestSupport
import Testing

@testable import Kernel

@Suite struct TopologyTests {
  private let two = Topology(nodes: [
    .init(number: 0, cpus: CPUSet([0, 2])), .init(number: 1, cpus: CPUSet([1, 3])),
    .init(number: 2, cpus: CPUSet([])),
  ])

  @Test func aDeviceWithoutANodeIsNearEveryCPU() {
    #expect(two.cpus(ofNode: 1) == CPUSet([1, 3]))
    for node in [nil, -1, 2, 9] { #expect(two.cpus(ofNode: node) == CPUSet(0..<4)) }
    #expect(two.node(of: 2) == 0)
    #expect(two.node(of: 7) == nil)
  }

  @Test func nodesAreFoundInTheirFolders() throws {
    let folder = try TemporaryFolder()
    func record(_ texts: [String: String]) throws -> Topology {
      for (path, text) in texts {
        let file = URL(filePath: "\(folder.path)/sys/devices/system/\(path)")
        try FileManager.default.createDirectory(
          at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
      }
      return .machine(files: HostFiles(root: folder.path))
    }
    #expect(try record([:]) == Topology(nodes: [.init(number: 0, cpus: CPUSet([0]))]))
    #expect(
      try record(["cpu/online": "0,2-3\n"])
        == Topology(nodes: [.init(number: 0, cpus: CPUSet([0, 2, 3]))]))
    let numbered = try record([
      "node/online": "0-2,10\n", "node/node2/cpulist": "2-3\n", "node/node10/cpulist": "\n",
      "node/node0/cpulist": "0\n",
    ])
    #expect(numbered.nodes.map(\.number) == [0, 2, 10])
    #expect(numbered.nodes.map(\.cpus.description) == ["0", "2-3", ""])
    #expect(numbered.online == CPUSet([0, 2, 3]))
  }

  @Test func thisMachineHasTheCPUsThatAreOnline() throws {
    let online = try #require(
      CPUSet(list: try HostFiles.live.read("/sys/devices/system/cpu/online")))
    #expect(Topology.machine().online == online)
  }
}
