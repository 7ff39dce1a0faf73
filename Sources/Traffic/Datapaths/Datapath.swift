/// The way frames go.
package enum Datapath: String, Sendable, Codable, CaseIterable {
  /// AF_PACKET at both ends.
  case packet
  /// The queues of a TAP at the receiving end, AF_PACKET at the other.
  case tap
  /// As `tap`, but the queues are those of a macvtap.
  case macvtap
  /// As `tap` or `macvtap`, but the kernel's vhost workers read and write the queues for us.
  case vhost
  /// AF_XDP at both ends.
  case xdp
  /// A TCP connection between sockets of both ends.
  case tcp
  /// Datagrams between UDP sockets of both ends, each as large as a frame is to be.
  case udp

  /// Whether the receiving end is a phantom guest's, behind the queues of a TAP or macvtap.
  var hasPhantomGuest: Bool { self == .tap || self == .macvtap || self == .vhost }

  /// Whether the kernel's own IP stack carries it.
  var isOverSockets: Bool { self == .tcp || self == .udp }

  /// What can be done on it.
  var kinds: [WorkloadKind] {
    switch self {
    case .packet, .tap, .macvtap, .vhost, .xdp, .udp: [.flood, .rate, .burst, .latency]
    case .tcp: [.stream, .requestResponse, .connect]
    }
  }
}
