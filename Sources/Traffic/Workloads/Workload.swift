/// What is to be sent, and how: one entry of a profile's `workloads`.
package struct Workload: Sendable, Hashable, Codable {
  package var name: String
  package var datapath: Datapath
  package var kind: WorkloadKind
  package var frame: FrameSize
  /// Frames per second over all threads of one direction, for `rate` and `latency`; for `burst` the
  /// mean, nil for a gap of ``defaultGap``.
  package var rate: Double?
  /// The same as a share of the rate that was found to pass, above 0, at most 1: whoever measures
  /// makes a ``rate`` of it before traffic starts.
  package var load: Double?
  package var direction: Direction
  /// Sending threads, and as many receiving ones; for `tcp`, connections, or connecting threads.
  package var threads: Int
  /// Flows with UDP source ports of their own, shared out over the threads; at least one each.
  package var flows: Int
  /// Send past the queueing discipline. It also decides the queue: that of the sending CPU.
  package var bypassQdisc: Bool
  /// How `packet` hands frames to the kernel.
  package var transmit: TransmitMethod
  /// Frames of one super-frame, which travels whole as far as the path lets it (GSO, GRO): 1 for
  /// frames that go alone.
  package var segments: Int
  /// Let the kernel send from, and AF_XDP receive to, our own memory.
  package var zerocopy: Bool
  /// Frames for one system call; for `connect`, connections under way at once on each thread.
  package var batch: Int
  /// Frames in a row for `burst`, on each thread.
  package var burst: Int
  /// Bytes of a request and of its response, only for `request-response`.
  package var request: Int
  package var response: Int

  /// Nanoseconds from the end of one burst to the start of the next when no rate is given.
  package static let defaultGap: UInt64 = 1_000_000
  package static let mostMessageBytes = 65_536

  /// Frames per second.
  package static let largestRate = 100_000_000.0

  package init(
    name: String, datapath: Datapath, kind: WorkloadKind, frame: FrameSize = .bytes(60),
    rate: Double? = nil, load: Double? = nil, direction: Direction = .toReceiver,
    threads: Int = 1, flows: Int = 1, bypassQdisc: Bool = false,
    transmit: TransmitMethod = .automatic, segments: Int = 1, zerocopy: Bool = false,
    batch: Int = 64, burst: Int = 64, request: Int = 1, response: Int = 1
  ) {
    self.name = name
    self.datapath = datapath
    self.kind = kind
    self.frame = frame
    self.rate = rate
    self.load = load
    self.direction = direction
    self.threads = threads
    self.flows = flows
    self.bypassQdisc = bypassQdisc
    self.transmit = transmit
    self.segments = segments
    self.zerocopy = zerocopy
    self.batch = batch
    self.burst = burst
    self.request = request
    self.response = response
  }

  /// Refuses a mix that no machine could run. Throws ``WorkloadError`` with the reason.
  package func validate() throws {
    try require(
      datapath.kinds.contains(kind),
      "\(datapath.rawValue) does not carry \(kind.rawValue), but "
        + datapath.kinds.map(\.rawValue).joined(separator: ", "))
    switch kind {
    case .rate, .latency:
      try require((rate == nil) != (load == nil), "\(kind.rawValue) needs a rate or a load")
    case .flood, .stream, .requestResponse, .connect:
      try require(rate == nil && load == nil, "\(kind.rawValue) has no rate")
    case .burst: try require(load == nil, "burst has no load")
    }
    if let rate {
      try require(rate >= 1 && rate <= Self.largestRate, "rate must be 1 … 100000000")
    }
    if let load { try require(load > 0 && load <= 1, "load must be above 0 and at most 100%") }
    try require(direction != .both || datapath != .tcp, "tcp goes one way, out or in")
    try require(
      !kind.isRoundTrip || (threads == 1 && direction == .toReceiver),
      "\(kind.rawValue) has one thread and one direction, there and back")
    try validateOptions()
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

  /// What only some datapaths know.
  private func validateOptions() throws {
    try require(
      !datapath.isOverSockets || !bypassQdisc,
      "\(datapath.rawValue) cannot bypass the queueing discipline")
    try require(
      datapath != .udp || flows <= threads, "udp has one flow for each thread; give it threads")
    try require(
      transmit != .ring || datapath == .packet, "only packet has a transmit ring to choose")
    try require((1...64).contains(segments), "segments must be 1 … 64")
    if segments > 1 { try validateSegments() }
    let takesZerocopy = kind == .stream || datapath == .udp && !kind.isRoundTrip && frame != .imix
    try require(
      !zerocopy || takesZerocopy || datapath == .xdp,
      "zerocopy is for stream, for xdp, and for udp one way with frames of one size")
    try require(
      (1...Self.mostMessageBytes).contains(request)
        && (1...Self.mostMessageBytes).contains(response),
      "request and response have 1 … \(Self.mostMessageBytes) bytes")
  }

  /// What goes with super-frames.
  private func validateSegments() throws {
    try require(
      [.packet, .tap, .udp].contains(datapath),
      datapath == .tcp
        ? "tcp makes its own super-frames, as feature.tso and feature.gso let it"
        : "\(datapath.rawValue) has no super-frames; only packet, tap and udp do")
    try require(!kind.isRoundTrip, "frames of a round trip go alone, without segments")
    try require(frame != .imix, "the segments of a super-frame are of one size")
    try require(transmit != .ring, "a transmit ring takes no super-frames here")
    try require(
      max(flows, threads) <= DatagramLayout.flowLimit, "super-frames have at most 256 flows")
    try require(
      kind != .burst || burst % segments == 0,
      "a burst of \(burst) frames is no number of super-frames of \(segments)")
  }

  /// The flows of each sending thread: runs whose lengths differ by one at most.
  var shares: [Range<Int>] {
    let flows = max(flows, threads)
    return (0..<threads).map { (flows * $0 / threads)..<(flows * ($0 + 1) / threads) }
  }

  /// Nanoseconds between two frames of a sender that keeps a schedule frame by frame; nil without.
  var gap: Double? {
    kind == .rate ? rate.map { Double(threads) * 1e9 / $0 } : nil
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
