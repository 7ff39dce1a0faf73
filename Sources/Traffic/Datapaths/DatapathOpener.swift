import Kernel

/// One way for frames or bytes to enter and leave an end on this machine: opens the halves of
/// traffic there. Each datapath is one file.
///
/// Control only: what runs frame by frame is generic behind the halves that it opens.
protocol DatapathOpener {
  /// - Parameter issued: how far each thread has got, if receivers of this machine want to know.
  func sending(_ half: HalfRequest, issued: [IssueCounter]?) throws -> any SendingHalf
  /// - Parameter issued: how far the senders have got, if they are on this machine.
  func receiving(_ half: HalfRequest, issued: [IssueCounter]?) throws -> any ReceivingHalf
  func reflecting(_ half: HalfRequest) throws -> any ReflectingHalf
  /// The near end of a round trip, which owns the reflector from now on.
  ///
  /// - Parameter sleeping: the reflector waits for frames asleep.
  func echo(_ half: HalfRequest, reflector: any ReflectingHalf, sleeping: Bool) throws -> any Load
}

/// Where halves are opened on this machine, whoever asked for them.
struct LocalEnd {
  let endpoint: Endpoint
  /// Thread `i` takes the `i`-th, and round again. Not empty.
  let cpus: [Int]
  /// The first port to listen on, each thread taking the next; 0 for such as the kernel chooses.
  let firstPort: UInt16
  /// The NIC of a phantom guest at this end, for the `vhost` datapath.
  var vhost: VhostDevice?

  /// How a datapath's halves are opened here. The far end of a phantom guest's is a NIC like any
  /// other.
  func opener(_ datapath: Datapath) -> any DatapathOpener {
    switch datapath {
    case .packet: return PacketDatapath(end: self)
    case .xdp: return XdpDatapath(end: self)
    case .tcp: return TcpDatapath(end: self)
    case .udp: return UdpDatapath(end: self)
    case .tap, .macvtap, .vhost:
      if let vhost { return VhostDatapath(end: self, device: vhost) }
      guard let tap = endpoint.tap else { return PacketDatapath(end: self) }
      return TapDatapath(end: self, tap: tap)
    }
  }

  /// Where a thread listens; 0 for a port that the kernel chooses.
  func port(_ thread: Int) -> UInt16 {
    firstPort == 0 ? 0 : firstPort + UInt16(thread)
  }
}

extension Workload {
  /// A counter for each sending thread.
  func issueCounters() -> [IssueCounter] { shares.map { _ in IssueCounter() } }
}
