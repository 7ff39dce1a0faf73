package import Kernel

/// There is no device of that name.
package struct NoSuchDevice: Error, Hashable, CustomStringConvertible {
  package let name: String
  /// The names that there are, `lo` left out.
  package let present: [String]

  package var description: String {
    "there is no NIC \(name) here; there are: \(present.joined(separator: ", "))"
  }
}

extension NetworkDevice {
  /// The device of that name in a namespace. Throws ``NoSuchDevice``, or what netlink says.
  package static func find(_ name: String, in namespace: NetworkNamespace = .current) throws
    -> NetworkDevice
  {
    let devices = try all(in: namespace)
    guard let device = devices.first(where: { $0.name == name }) else {
      throw NoSuchDevice(name: name, present: devices.map(\.name).filter { $0 != "lo" })
    }
    return device
  }

  /// Every device of a namespace, in the kernel's order.
  package static func all(in namespace: NetworkNamespace = .current) throws -> [NetworkDevice] {
    let session = try NetlinkSession(in: namespace)
    defer { session.close() }
    return try session.links().map { link in
      NetworkDevice(
        namespace: namespace, name: link.name, index: link.index, address: link.address ?? .zero)
    }
  }
}
