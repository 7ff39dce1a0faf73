import CLinux
import SystemPackage

/// An IPv4 address and a port.
package struct SocketAddress: Sendable, Hashable, Codable, CustomStringConvertible {
  /// Dotted text.
  package let address: String
  package let port: UInt16

  package init(_ address: String, port: UInt16) {
    self.address = address
    self.port = port
  }

  package var description: String { "\(address):\(port)" }

  /// As the kernel wants it. Throws `EINVAL` if the address is none.
  func native() throws(SystemCallError) -> sockaddr_in {
    var name = sockaddr_in()
    name.sin_family = UInt16(AF_INET)
    name.sin_port = port.bigEndian
    if unsafe inet_pton(AF_INET, address, &name.sin_addr) != 1 {
      throw SystemCallError("inet_pton", .invalidArgument, on: address)
    }
    return name
  }
}

extension OwnedDescriptor {
  /// Binds an IPv4 socket; port 0 lets the kernel choose.
  ///
  /// - Returns: the port that it has.
  func bindSocket(to address: SocketAddress) throws(SystemCallError) -> UInt16 {
    var name = try address.native()
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    try syscall("bind", on: address.description) {
      unsafe withUnsafePointer(to: &name) {
        unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          unsafe CLinux.bind(rawValue, $0, size)
        }
      }
    }
    try syscall("getsockname") {
      unsafe withUnsafeMutablePointer(to: &name) {
        unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          unsafe getsockname(rawValue, $0, &size)
        }
      }
    }
    return UInt16(bigEndian: name.sin_port)
  }

  /// Connects an IPv4 socket. Throws `EINPROGRESS` for a stream that does not block.
  func connectSocket(to address: SocketAddress) throws(SystemCallError) {
    var name = try address.native()
    try syscall("connect", on: address.description) {
      unsafe withUnsafePointer(to: &name) {
        unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          unsafe CLinux.connect(rawValue, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
    }
  }
}
