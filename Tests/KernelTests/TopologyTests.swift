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

  @Test func thisMachineHasTheCPUsThatAreOnline() throws {
    let online = try #require(
      CPUSet(list: try HostFiles.live.read("/sys/devices/system/cpu/online")))
    #expect(Topology.machine().online == online)
  }
}
