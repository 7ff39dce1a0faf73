package import Kernel
import Netlink
import Synchronization

/// The host's side of one guest, disposable like a ``Lab``: an outside host, the virtualisation
/// host with its bridge, TAP or macvtap, and a path between them for each NIC of the guest.
///
/// QEMU runs in ``host``. Whatever still runs there ends with the network, and what a dead maker
/// left goes with `Lab.removeLeftovers()`. Making one needs `CAP_SYS_ADMIN`, `CAP_NET_ADMIN` and
/// `CAP_MKNOD`.
package final class GuestNetwork: Sendable {
  package let name: String
  /// One for each interface of the guest, in order.
  package let paths: [GuestPath]
  /// Where QEMU is to run, and where the devices that serve the guest are.
  package let host: NetworkNamespace

  private let parts: LabParts
  private let removed = Mutex(false)

  package var namespaces: [NetworkNamespace] { parts.namespaces }
  /// What QEMU is to be given.
  package var backends: [InterfaceBackend] { paths.map(\.backend) }

  private init(
    _ name: String, _ paths: [GuestPath], _ host: NetworkNamespace, _ parts: LabParts
  ) {
    self.name = name
    self.paths = paths
    self.host = host
    self.parts = parts
  }

  /// Makes the network of a guest; when it returns, every device is up.
  ///
  /// - Parameters:
  ///   - definition: one without objections on this host.
  ///   - name: a `Lab.randomName()`.
  /// - Throws: `SystemCallError` (`EEXIST` for a name in use, `EPERM`), `NetlinkError` or
  ///   ``GuestObjection``; nothing is left behind then.
  package static func make(for definition: GuestDefinition, named name: String) throws
    -> GuestNetwork
  {
    var parts = try LabParts(lab: name)
    do {
      let outside = try parts.namespace(.a)
      let host = try parts.namespace(.host)
      let paths = try definition.interfaces.indices.map { index in
        try GuestPath.make(index, of: definition, outside: outside, host: host)
      }
      return GuestNetwork(name, paths, host.namespace, parts)
    } catch {
      parts.remove()
      throw error
    }
  }

  /// Ends QEMU, removes devices, namespaces and names; later calls do nothing.
  package func remove() {
    let isFirst = removed.withLock { removed in
      defer { removed = true }
      return !removed
    }
    if isFirst { parts.remove() }
  }
}
