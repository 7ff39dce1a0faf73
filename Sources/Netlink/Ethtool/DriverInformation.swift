import CLinux
import Kernel

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
}

extension NetlinkSession {
  /// The driver of a device, by the `ETHTOOL_GDRVINFO` request of ioctl(2): netlink has none.
  ///
  /// - Parameter name: as `ip link` shows it.
  /// - Throws: `SystemCallError`: `ENODEV`, or `.notSupported` if it has no driver to ask.
  package func driver(of name: String) throws -> DriverInformation {
    try namespace.run {
      guard name.utf8.count < Int(IFNAMSIZ) else {
        throw SystemCallError("ioctl(ETHTOOL_GDRVINFO)", .operationNotSupportedByDevice, on: name)
      }
      let descriptor = OwnedDescriptor(
        adopting: try Kernel.syscall("socket") {
          socket(AF_INET, CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        })
      // Safe: the kernel writes one ethtool_drvinfo, whose owner outlives the call.
      var information = ethtool_drvinfo()
      information.cmd = UInt32(ETHTOOL_GDRVINFO)
      var request = unsafe ifreq()
      unsafe withUnsafeMutableBytes(of: &request.ifr_ifrn.ifrn_name) {
        unsafe $0.copyBytes(from: name.utf8)
      }
      try unsafe withUnsafeMutablePointer(to: &information) { pointer in
        unsafe request.ifr_ifru.ifru_data = UnsafeMutableRawPointer(pointer)
          .assumingMemoryBound(to: CChar.self)
        try Kernel.syscall("ioctl(ETHTOOL_GDRVINFO)", on: name) {
          unsafe kvmtune_ioctl(descriptor.rawValue, UInt(SIOCETHTOOL), &request)
        }
      }
      return DriverInformation(
        driver: Self.text(information.driver), version: Self.text(information.version),
        firmware: Self.text(information.fw_version), bus: Self.text(information.bus_info))
    }
  }

  /// A fixed array of characters up to its first zero byte.
  private static func text<Characters>(_ characters: Characters) -> String {
    unsafe withUnsafeBytes(of: characters) {
      unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
    }
  }
}
