/// How large a frame is, from the Ethernet header to the end of the payload, without FCS.
package enum FrameSize: Sendable, Hashable, Codable {
  case bytes(Int)
  /// Fills the MTU of the path, whatever it is.
  case mtu

  package func bytes(mtu: Int) -> Int {
    switch self {
    case .bytes(let count): count
    case .mtu: mtu + FrameLayout.ethernetBytes
    }
  }
}
