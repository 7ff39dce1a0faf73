import CLinux

/// Who drives a device, as `ethtool -i` shows it. What the driver does not say is empty.
package struct DriverInformation: Sendable, Hashable {
  package let driver: String
  package let version: String
  package let firmware: String
  /// The address on its bus, `0000:01:00.0`; `tap` for a TAP.
  package let bus: String

  package init(driver: String, version: String, firmware: String, bus: String) {
    self.driver = driver
    self.version = version
    self.firmware = firmware
    self.bus = bus
  }

  /// Reads a `struct ethtool_drvinfo`: behind the command four texts of 32 bytes, and more.
  init(decoding bytes: [UInt8]) throws(MalformedMessage) {
    guard bytes.count >= 132 else {
      throw MalformedMessage("driver information of \(bytes.count) bytes")
    }
    let texts = (0..<4).map { place in
      String(
        decoding: bytes[(4 + place * 32)..<(36 + place * 32)].prefix { $0 != 0 }, as: UTF8.self)
    }
    self.init(driver: texts[0], version: texts[1], firmware: texts[2], bus: texts[3])
  }
}

extension NetlinkSession {
  /// The driver of a device, by the `ETHTOOL_GDRVINFO` request of ioctl(2): netlink has none.
  ///
  /// - Parameter name: as `ip link` shows it.
  /// - Throws: `SystemCallError`: `ENODEV`, or `.notSupported` if it has no driver to ask.
  package func driver(of name: String) throws -> DriverInformation {
    try DriverInformation(
      decoding: ethtool(
        "ETHTOOL_GDRVINFO", MessageBuilder(ethtool: ETHTOOL_GDRVINFO),
        room: MemoryLayout<ethtool_drvinfo>.size, of: name))
  }
}
