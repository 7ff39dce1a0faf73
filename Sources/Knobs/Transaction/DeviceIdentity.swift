package import Kernel
package import Netlink

/// Which device it was, so that nothing is put back on another one of the same name.
package struct DeviceIdentity: Sendable, Hashable, Codable, CustomStringConvertible {
  /// Below `/run/netns`; nil for the namespace of the process.
  package let namespace: String?
  package let name: String
  package let index: Int32
  /// The hardware's own address, or the present one of a virtual device.
  package let address: String
  /// The driver of a physical device, the kind of a virtual one.
  package let driver: String

  package init(namespace: String?, name: String, index: Int32, address: String, driver: String) {
    self.namespace = namespace
    self.name = name
    self.index = index
    self.address = address
    self.driver = driver
  }

  /// Asks the kernel. Throws `NetlinkError` if there is no such device.
  package init(of device: NetworkDevice, session: NetlinkSession) throws {
    let link = try session.link(index: device.index)
    let driver = (try? session.driver(of: link.name).driver) ?? link.kind
    self.init(
      namespace: device.namespace.name, name: link.name, index: link.index,
      address: (link.permanentAddress ?? link.address)?.description ?? "", driver: driver)
  }

  /// What is not the same any more, in words; nil if this is that device.
  package func difference(from found: DeviceIdentity) -> String? {
    if index != found.index {
      return "\(name) has index \(found.index), it was \(index): another device took its name"
    }
    if address != found.address {
      return "\(name) has the address \(found.address), it was \(address)"
    }
    if driver != found.driver {
      return "\(name) has the driver \(found.driver), it was \(driver)"
    }
    return nil
  }

  package var description: String { namespace.map { "\($0)/\(name)" } ?? name }
}

/// The devices of a ``Target``, so that another process can make it again.
package struct TargetIdentity: Sendable, Hashable, Codable {
  package let transmitter: DeviceIdentity
  package let receiver: DeviceIdentity
  package let path: [DeviceIdentity]

  package init(transmitter: DeviceIdentity, receiver: DeviceIdentity, path: [DeviceIdentity]) {
    self.transmitter = transmitter
    self.receiver = receiver
    self.path = path
  }

  /// Asks the kernel for every device of the target.
  package init(of target: Target) throws {
    func identity(_ device: NetworkDevice) throws -> DeviceIdentity {
      try DeviceIdentity(of: device, session: try target.session(for: device))
    }
    self.init(
      transmitter: try identity(target.transmitter), receiver: try identity(target.receiver),
      path: try target.path.map(identity))
  }
}
