import Kernel
package import Measurement

/// One workload on one route, with its sockets open and its threads pinned, parked between
/// measurements.
///
/// Made for short windows: two sessions on twin labs take turns of some 20 ms. Use it from one
/// thread. Sockets and threads go with ``close()`` or the object.
package final class TrafficSession {
  package let workload: Workload
  /// Bytes of every frame, without FCS, of `imix` the mean; 0 over TCP.
  package let frameBytes: Int

  private let load: any Load
  private let hops: HopCounters
  private let machines: [FarMachine]
  private let accounts: CPUAccounts
  /// Frames per second that the same sender makes for a sink that costs nothing; nil if nobody tried.
  package var calibratedRate: Double?
  private var isOpen = true
  /// The round trips of the last window, so that those of many can be put together; nil if none
  /// were measured.
  package private(set) var roundTrips: TimeHistogram?

  /// Opens both ends and warms the path up for 20 ms. Needs `CAP_NET_RAW` and `CAP_NET_ADMIN`.
  ///
  /// - Parameters:
  ///   - runID: tells the frames of this run from those of others; folded to 16 bits.
  ///   - calibratedRate: frames per second that the same sender makes for a sink that costs
  ///     nothing; nil if nobody tried.
  /// - Throws: ``WorkloadError`` for a workload that cannot run here, `SystemCallError`.
  package init(
    _ workload: Workload, over route: Route, placement: Placement? = nil, runID: UInt64,
    calibratedRate: Double? = nil
  ) throws {
    try workload.validate()
    let allowed = try CPUSet.allowed()
    let placement = placement ?? .spread(threads: workload.threads, over: allowed)
    self.workload = workload
    self.calibratedRate = calibratedRate
    frameBytes = workload.datapath == .tcp ? 0 : workload.frame.meanBytes(mtu: route.mtu)
    hops = HopCounters(of: workload, on: route)
    let ends = try SessionEnds(
      workload, route: route, placement: placement,
      frameBytes: workload.datapath == .tcp ? 0 : workload.frame.bytes(mtu: route.mtu),
      run: UInt16(truncatingIfNeeded: runID ^ runID >> 16 ^ runID >> 32 ^ runID >> 48))
    machines = ends.machines
    accounts = CPUAccounts(
      machines, extra: ends.extraCPU, placed: Set(placement.senders + placement.receivers))
    load = try ends.load()
    do {
      // What found out how to send, or warmed up, must not come in the first window.
      let counters = try hops.restarted()
      _ = try settle(load.run(nanoseconds: 20_000_000), counters)
      try load.park()
    } catch {
      load.close()
      throw error
    }
  }

  deinit { load.close() }

  /// The hops at which a receiver of ours may drop frames itself, besides those of the route.
  package static let receivingHops = [
    PacketRing.hop, PacketInbox.hop, TapQueue.hop, VhostReceiver.hop, XdpReceiver.hop,
    ConnectReceiving.overflowHop, ConnectReceiving.dropHop,
  ]

  /// Ends the threads and closes the sockets. Calling it again does nothing.
  package func close() {
    isOpen = false
    load.close()
  }

  /// Sends for so long, waits until the path is empty, and says what became of it all.
  ///
  /// The window ends with the last frame sent or, where the path still held some back, with the
  /// last one received: rates are of that window, so that a full queue at the end does not count
  /// as delivered in no time. For `offered_pps` and `intended_pps` it ends with the last sent.
  ///
  /// - Parameter seconds: above 0, at most 3600; 0.02 is enough.
  /// - Throws: `SystemCallError` if an end fails: the device went down, its MTU shrank.
  package func measure(seconds: Double) throws -> Sample {
    precondition(isOpen, "the session is closed")
    precondition(seconds > 0 && seconds <= 3600)
    let bound = UInt64(Validity.mostClockError * seconds * 1e9)
    for machine in machines where !workload.kind.isRoundTrip {
      try machine.checkClock(within: bound)
    }
    let startedAt = MonotonicTime.sinceEpoch()
    let counters = try hops.restarted()
    let cpuBefore = try accounts.read()
    let (found, drops) = try settle(load.run(nanoseconds: UInt64(seconds * 1e9)), counters)
    let cpu = try accounts.read() - cpuBefore
    try load.park()
    roundTrips = found.roundTrips
    let ledger = Self.ledger(found, drops)
    let duration = max(window(of: found), 1e-9)
    return Sample(
      startedAt: startedAt, duration: duration, metrics: metrics(found, ledger, cpu),
      drops: drops, queueDrops: try counters.queueDrops(),
      invalidReason: Validity.reason(found, ledger: ledger, pace: workload.gap)
        ?? Validity.reason(cpu, found)
        ?? Validity.reason(clockBound: clockBound, window: duration))
  }

  /// Waits for what no hop dropped, as it may still be under way.
  ///
  /// - Returns: what was found by then, and the drops since `counters` were restarted.
  private func settle(_ first: Findings, _ counters: HopCounters) throws
    -> (found: Findings, drops: [String: UInt64])
  {
    var (found, drops) = (first, try counters.drops(first))
    let latest = MonotonicTime.now() + Self.longestWait
    while Self.ledger(found, drops).unexplained > 0 && MonotonicTime.now() < latest {
      found = try load.waitOn(patience: Self.secondPatience)
      drops = try counters.drops(found)
    }
    return (found, drops)
  }

  /// Seconds by which times of other machines may be wrong; 0 where none is used, as the round
  /// trips are all of this machine's clock.
  private var clockBound: Double {
    workload.kind.isRoundTrip ? 0 : Double(machines.map(\.clock.bound).max() ?? 0) / 1e9
  }

  /// Nanoseconds that are waited at most for frames that nobody has dropped.
  private static let longestWait: UInt64 = 200_000_000
  private static let secondPatience: UInt64 = 50_000_000

  private static func ledger(_ found: Findings, _ drops: [String: UInt64]) -> Ledger {
    Ledger(
      offered: found.sent.offered, delivered: found.received.delivered, drops: drops)
  }

  /// Seconds from the first frame to the last sent or received.
  func window(of found: Findings) -> Double {
    guard let first = found.sent.first else { return 0 }
    let last = [found.sent.last, found.received.last].compactMap { $0 }.max() ?? first
    return Double(last - first) / 1e9
  }
}
