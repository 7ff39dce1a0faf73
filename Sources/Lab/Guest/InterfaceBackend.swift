package import Kernel

/// What QEMU holds of a guest's NIC: the host's end of it.
package enum InterfaceBackend: Sendable, Hashable {
  /// Open queues of a TAP or macvtap, under the numbers that QEMU inherits them by.
  case queues([CInt])
  /// QEMU's own TCP/IP stack.
  case user(UserNetwork)

  /// The descriptors that QEMU is to inherit.
  package var descriptors: [CInt] {
    if case .queues(let queues) = self { queues } else { [] }
  }
}

/// The network that QEMU's own TCP/IP stack makes up for a guest, and what of it can be reached.
package struct UserNetwork: Sendable, Hashable {
  /// What the guest is in: `198.19.0.0/24`.
  package let network: String
  /// QEMU itself, as the guest sees it.
  package let gateway: String
  package let guest: String
  /// The host's address whose ``ports`` lead to the guest's.
  package let entrance: String
  /// The ports that are passed on to the guest's of the same number, TCP and UDP.
  package let ports: ClosedRange<UInt16>
}

/// What a guest is to configure on one of its NICs.
package struct GuestAddressing: Sendable, Hashable, Codable {
  /// Which of its NICs.
  package let hardware: MACAddress
  package let ipv4: String
  /// Bits.
  package let prefixLength: Int
  /// Where it sends what is not for its own network; nil if there is nothing else.
  package let gateway: String?
  /// Hardware addresses that it need not ask for.
  package let neighbours: [Neighbour]

  package struct Neighbour: Sendable, Hashable, Codable {
    package let ipv4: String
    package let hardware: MACAddress
  }
}
