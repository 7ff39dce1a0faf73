/// The way frames go.
package enum Datapath: String, Sendable, Codable, CaseIterable {
  /// AF_PACKET at both ends.
  case packet
  /// The queues of a TAP at the receiving end, AF_PACKET at the other.
  case tap
  /// As `tap`, but the kernel's vhost workers read and write the queues for us.
  case vhost
  /// A TCP connection between sockets of both ends.
  case tcp
  /// Datagrams between UDP sockets of both ends, each as large as a frame is to be.
  case udp

  /// Whether the receiving end is a phantom guest's, behind the queues of a TAP.
  var hasPhantomGuest: Bool { self == .tap || self == .vhost }
}

/// What traffic does on a datapath.
package enum WorkloadKind: String, Sendable, Codable, CaseIterable {
  /// As many frames as the kernel takes.
  case flood
  /// Frames on an absolute schedule.
  case rate
  /// Frames on a schedule, each sent back by the other end; the round trip is measured.
  case latency
  /// Bytes over TCP, as many as the connection takes.
  case stream
  /// Bursts of frames back to back, with idle gaps between them.
  case burst
}

/// Which way frames go, seen from what is tuned: a NIC or lab sends them out or takes them in; a
/// TAP hands them to its guest or takes them from it.
package enum Direction: String, Sendable, Codable, CaseIterable {
  /// From the route's sender to its receiver.
  case toReceiver = "out"
  /// From the route's receiver to its sender.
  case toSender = "in"
  case both

  /// The words that profiles and the command line know, those for a TAP among them.
  package static let words: [(word: String, direction: Direction)] = [
    ("out", .toReceiver), ("in", .toSender), ("both", .both), ("to-guest", .toReceiver),
    ("from-guest", .toSender),
  ]

  package init?(word: String) {
    guard let known = Self.words.first(where: { $0.word == word }) else { return nil }
    self = known.direction
  }
}

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

/// What is to be sent, and how: one entry of a profile's `workloads`.
package struct Workload: Sendable, Hashable, Codable {
  package var name: String
  package var datapath: Datapath
  package var kind: WorkloadKind
  package var frame: FrameSize
  /// Frames per second over all threads, for `rate` and `latency`; for `burst` the mean, nil for
  /// a gap of ``defaultGap``.
  package var rate: Double?
  package var direction: Direction
  /// Sending threads, and as many receiving ones; for `tcp`, connections.
  package var threads: Int
  /// Flows with UDP source ports of their own, shared out over the threads; at least one each.
  package var flows: Int
  /// Send past the queueing discipline. It also decides the queue: that of the sending CPU.
  package var bypassQdisc: Bool
  /// Frames for one system call.
  package var batch: Int
  /// Frames in a row for `burst`, on each thread.
  package var burst: Int

  /// Nanoseconds from the end of one burst to the start of the next when no rate is given.
  package static let defaultGap: UInt64 = 1_000_000

  package init(
    name: String, datapath: Datapath, kind: WorkloadKind, frame: FrameSize = .bytes(60),
    rate: Double? = nil, direction: Direction = .toReceiver, threads: Int = 1, flows: Int = 1,
    bypassQdisc: Bool = false, batch: Int = 64, burst: Int = 64
  ) {
    self.name = name
    self.datapath = datapath
    self.kind = kind
    self.frame = frame
    self.rate = rate
    self.direction = direction
    self.threads = threads
    self.flows = flows
    self.bypassQdisc = bypassQdisc
    self.batch = batch
    self.burst = burst
  }

  /// Refuses a mix that no machine could run. Throws ``WorkloadError`` with the reason.
  package func validate() throws {
    try require(
      (kind == .stream) == (datapath == .tcp), "tcp carries stream, and nothing else does")
    switch kind {
    case .rate, .latency: try require(rate != nil, "\(kind.rawValue) needs a rate")
    case .flood, .stream: try require(rate == nil, "a \(kind.rawValue) has no rate")
    case .burst: break
    }
    if let rate { try require(rate >= 1 && rate <= 100_000_000, "rate must be 1 … 100000000") }
    try require(direction != .both || datapath != .tcp, "a stream goes one way, out or in")
    try require(
      kind != .latency || (threads == 1 && direction == .toReceiver),
      "latency has one thread and one direction, there and back")
    try require(
      !isOverSockets || !bypassQdisc,
      "\(datapath.rawValue) cannot bypass the queueing discipline")
    try require(
      datapath != .udp || flows <= threads, "udp has one flow for each thread; give it threads")
    if case .bytes(let count) = frame {
      try require(
        (FrameLayout.minimumBytes...65_549).contains(count),
        "a frame has \(FrameLayout.minimumBytes) … 65549 bytes")
    }
    try require((1...64).contains(threads), "threads must be 1 … 64")
    try require((1...FrameLayout.flowLimit).contains(flows), "flows must be 1 … 4096")
    try require((1...1024).contains(batch), "batch must be 1 … 1024")
    try require((1...65_536).contains(burst), "burst must be 1 … 65536")
  }

  /// Whether the kernel's own IP stack carries it.
  var isOverSockets: Bool { datapath == .tcp || datapath == .udp }

  /// The flows of each sending thread: runs whose lengths differ by one at most.
  var shares: [Range<Int>] {
    let flows = max(flows, threads)
    return (0..<threads).map { (flows * $0 / threads)..<(flows * ($0 + 1) / threads) }
  }

  private func require(_ condition: Bool, _ reason: String) throws {
    if !condition { throw WorkloadError(workload: name, reason: reason) }
  }
}

/// Why a workload cannot run.
package struct WorkloadError: Error, Hashable, CustomStringConvertible {
  package let workload: String
  package let reason: String

  package init(workload: String, reason: String) {
    self.workload = workload
    self.reason = reason
  }

  package var description: String { "workload \(workload): \(reason)" }
}
