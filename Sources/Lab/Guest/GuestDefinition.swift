package import Kernel

/// What a QEMU guest is made of; a value, so that it can be compared, printed and refused before
/// anything starts.
package struct GuestDefinition: Sendable, Hashable, Codable {
  /// 1 … 64.
  package var cpus: Int
  /// MiB, at least ``leastMemory``.
  package var memoryMegabytes: Int
  /// Memory nodes, 1 … 8; CPUs and memory are dealt out to them evenly.
  package var nodes: Int
  /// In order: the guest names them `net0`, `net1`, …
  package var interfaces: [GuestInterface]

  package init(
    cpus: Int = 2, memoryMegabytes: Int = 768, nodes: Int = 1, interfaces: [GuestInterface]
  ) {
    self.cpus = cpus
    self.memoryMegabytes = memoryMegabytes
    self.nodes = nodes
    self.interfaces = interfaces
  }

  package static let cpuLimits = 1...64
  package static let nodeLimits = 1...8
  package static let interfaceLimits = 0...16
  /// MiB that a stock kernel with kvmtune in its initramfs takes to start.
  package static let leastMemory = 384

  /// The hardware address of an interface: its own, or one with QEMU's vendor part and its place.
  package func address(ofInterface index: Int) -> MACAddress {
    if let own = interfaces[index].address { return own }
    let octets: [UInt8] = [0x52, 0x54, 0x00, 0x6B, 0x00, UInt8(truncatingIfNeeded: index)]
    return MACAddress(octets: octets) ?? .zero
  }
}
