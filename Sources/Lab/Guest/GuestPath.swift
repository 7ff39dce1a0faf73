package import Kernel
import Netlink

/// The way between one NIC of a guest and the host outside.
///
/// The outside host is 198.18.N.1 and finds the guest at 198.18.N.2, whatever is between them; N is
/// the NIC's number. A guest behind a router is 198.19.N.2 to itself (RFC 2544's range).
package struct GuestPath: Sendable {
  package let attachment: GuestInterface.Attachment
  /// What QEMU is to be given.
  package let backend: InterfaceBackend
  /// The queues in the backend, for a phantom guest instead of QEMU; nil for `user`.
  package let tap: TapDevice?
  /// The host outside, which guests talk to.
  package let outside: Endpoint
  /// The TAP or macvtap, where settings of the guest's path act; the host's own NIC for `user`.
  package let served: NetworkDevice
  /// What the guest is to configure.
  package let guest: GuestAddressing
  /// The address that leads to the guest from outside; with `nat` and `user` only
  /// ``GuestPath/forwardedPorts`` do.
  package let entrance: String
  /// Every device on the way, from outside: all of them must carry a larger MTU.
  package let devices: [NetworkDevice]
  /// Places where a frame from outside can be lost before QEMU has it, each counted by one.
  package let drops: [DropCounter]
  /// The same where the sender's frames pass by the root qdisc; see `Lab.dropsWithQdiscBypass`.
  package let dropsWithQdiscBypass: [DropCounter]
  /// Places where a frame that QEMU sent can be lost on its way outside.
  package let reverseDrops: [DropCounter]

  /// The ports that `nat` and `user` pass on to the guest, TCP and UDP.
  package static let forwardedPorts: ClosedRange<UInt16> = 34997...35004

  static func make(
    _ index: Int, of definition: GuestDefinition, outside: NetlinkSession, host: NetlinkSession
  ) throws -> GuestPath {
    let ground = try GuestGround(index, of: definition, outside: outside, host: host)
    return switch definition.interfaces[index].attachment {
    case .bridge: try ground.bridge()
    case .nat: try ground.nat()
    case .macvtap: try ground.macvtap()
    case .user: try ground.user()
    }
  }
}
