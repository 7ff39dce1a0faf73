/// How large a frame is, from the Ethernet header to the end of the payload, without FCS.
package enum FrameSize: Sendable, Hashable, Codable {
  case bytes(Int)
  /// Fills the MTU of the path, whatever it is.
  case mtu
  /// The simple Internet mix: seven frames of 64 bytes to four of 594 and one of 1518, with FCS.
  case imix

  /// Bytes of the largest frame.
  package func bytes(mtu: Int) -> Int {
    switch self {
    case .bytes(let count): count
    case .mtu: mtu + FrameLayout.ethernetBytes
    case .imix: Self.imixLargest
    }
  }

  /// Bytes of a frame on average, rounded: of `imix` 358.
  package func meanBytes(mtu: Int) -> Int {
    if self != .imix { return bytes(mtu: mtu) }
    let sizes = Self.imixSizes
    return (sizes.reduce(0, +) + sizes.count / 2) / sizes.count
  }

  /// The sizes that follow each other again and again; nil where there is only one.
  var cycle: [Int]? { self == .imix ? Self.imixSizes : nil }

  /// In the notation of RFC 6985, with B = 594 bytes: `IMIX - aBaaBaaBaaBg`.
  private static let imixSizes = [60, 590, 60, 60, 590, 60, 60, 590, 60, 60, 590, imixLargest]
  private static let imixLargest = 1514
}
