import CLinux

/// An IPv4 or IPv6 address in the order of the wire: four or sixteen octets.
package struct IPAddress: Sendable, Hashable {
  package let octets: [UInt8]

  /// Reads dotted or colon notation, without prefix length or zone; nil if it is anything else.
  ///
  /// Safe: inet_pton(3) writes four or sixteen bytes into a buffer of sixteen.
  package init?(_ text: String) {
    var buffer = [UInt8](repeating: 0, count: 16)
    let isLong = text.contains(":")
    let read = unsafe buffer.withUnsafeMutableBytes {
      unsafe inet_pton(isLong ? AF_INET6 : AF_INET, text, $0.baseAddress)
    }
    guard read == 1 else { return nil }
    octets = isLong ? buffer : Array(buffer.prefix(4))
  }

  /// `AF_INET` or `AF_INET6`.
  package var family: UInt8 { UInt8(octets.count == 4 ? AF_INET : AF_INET6) }
}
