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
  private let counters: [DropCounter]
  private let machines: [FarMachine]
  private let accounts: CPUAccounts
  private let cpus: Int
  private var isOpen = true
  /// The round trips of the last window, so that those of many can be put together; nil if none
  /// were measured.
  package private(set) var roundTrips: TimeHistogram?

  /// Opens both ends and warms the path up for 20 ms. Needs `CAP_NET_RAW` and `CAP_NET_ADMIN`.
  ///
  /// - Parameter runID: tells the frames of this run from those of others; folded to 16 bits.
  /// - Throws: ``WorkloadError`` for a workload that cannot run here, `SystemCallError`.
  package init(
    _ workload: Workload, over route: Route, placement: Placement? = nil, runID: UInt64
  ) throws {
    try workload.validate()
    let allowed = try CPUSet.allowed()
    let placement = placement ?? .spread(threads: workload.threads, over: allowed)
    self.workload = workload
    cpus = Set(placement.senders + placement.receivers).count
    frameBytes = workload.datapath == .tcp ? 0 : workload.frame.meanBytes(mtu: route.mtu)
    counters = Self.counters(of: workload, on: route)
    let ends = try SessionEnds(
      workload, route: route, placement: placement,
      frameBytes: workload.datapath == .tcp ? 0 : workload.frame.bytes(mtu: route.mtu),
      run: UInt16(truncatingIfNeeded: runID ^ runID >> 16 ^ runID >> 32 ^ runID >> 48))
    machines = ends.machines
    accounts = CPUAccounts(machines, extra: ends.extraCPU)
    load = try ends.load()
    do {
      _ = try load.run(nanoseconds: 20_000_000)
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
    for machine in machines { try machine.checkClock() }
    let startedAt = MonotonicTime.sinceEpoch()
    let begin = MonotonicTime.now()
    let dropsBefore = try counters.map { try $0.read() }
    let cpuBefore = try accounts.read()
    var found = try load.run(nanoseconds: UInt64(seconds * 1e9))
    var drops = try drops(since: dropsBefore, found)
    // Frames that no hop dropped may still be under way.
    let latest = MonotonicTime.now() + Self.longestWait
    while Self.ledger(found, drops).unexplained > 0 && MonotonicTime.now() < latest {
      found = try load.waitOn(patience: Self.secondPatience)
      drops = try self.drops(since: dropsBefore, found)
    }
    let cpu = try accounts.read() - cpuBefore
    try load.park()
    roundTrips = found.roundTrips
    let ledger = Self.ledger(found, drops)
    let duration = max(window(of: found), 1e-9)
    return Sample(
      startedAt: startedAt, duration: duration, metrics: metrics(found, ledger, cpu),
      drops: drops,
      invalidReason: Validity.reason(
        found, ledger: ledger, steal: cpu.here.steal, cpus: cpus,
        duration: MonotonicTime.now() - begin)
        ?? Validity.reason(clockBound: clockBound, window: duration))
  }

  /// Seconds by which times of other machines may be wrong; 0 where none is used, as the round
  /// trips are all of this machine's clock.
  private var clockBound: Double {
    workload.kind.isRoundTrip ? 0 : Double(machines.map(\.clock.bound).max() ?? 0) / 1e9
  }

  /// Nanoseconds that are waited at most for frames that nobody has dropped.
  private static let longestWait: UInt64 = 200_000_000
  private static let secondPatience: UInt64 = 50_000_000

  private static func counters(of workload: Workload, on route: Route) -> [DropCounter] {
    if workload.datapath == .tcp { return [] }
    if workload.kind.isRoundTrip || workload.direction == .both {
      return route.drops + route.reverseDrops
    }
    return workload.direction == .toReceiver ? route.drops : route.reverseDrops
  }

  private func drops(since before: [UInt64], _ found: Findings) throws -> [String: UInt64] {
    var drops = found.overruns
    for (counter, before) in zip(counters, before) {
      let now = try counter.read()
      drops[counter.hop, default: 0] += now - min(before, now)
    }
    if workload.segments == 1 { return drops }
    return Ledger.inFrames(
      drops, segments: UInt64(workload.segments),
      missing: found.sent.offered - min(found.sent.offered, found.received.delivered))
  }

  private static func ledger(_ found: Findings, _ drops: [String: UInt64]) -> Ledger {
    Ledger(
      offered: found.sent.offered, delivered: found.received.delivered,
      refused: found.sent.refused, drops: drops)
  }

  /// Seconds from the first frame to the last sent or received.
  private func window(of found: Findings) -> Double {
    guard let first = found.sent.first else { return 0 }
    let last = [found.sent.last, found.received.last].compactMap { $0 }.max() ?? first
    return Double(last - first) / 1e9
  }

  private func metrics(_ found: Findings, _ ledger: Ledger, _ cpu: CPUUse) -> [Metric: Double] {
    let seconds = max(window(of: found), 1e-9)
    if let counts = found.connections {
      var metrics: [Metric: Double] = [
        .connectionRate: Double(min(counts.inTime, counts.counted)) / seconds,
        .failedConnections: Double(counts.unsuccessful),
        .retransmitted: Double(found.retransmitted),
      ]
      metrics.addLatency(found.roundTrips)
      return metrics
    }
    if let transactions = found.transactions {
      var metrics: [Metric: Double] = [
        .transactionRate: Double(transactions) / seconds,
        .retransmitted: Double(found.retransmitted),
      ]
      metrics.addLatency(found.roundTrips)
      return metrics
    }
    if let bytes = found.streamBytes {
      return [
        .throughput: Double(bytes) * 8 / seconds, .retransmitted: Double(found.retransmitted),
      ]
    }
    let sent = found.sent
    let received = found.received
    let sending = max(
      sent.first.flatMap { first in sent.last.map { Double($0 - first) / 1e9 } } ?? 0, 1e-9)
    let delivered = Double(ledger.delivered)
    var metrics: [Metric: Double] = [
      .offeredRate: Double(sent.offered) / sending,
      .offered: Double(sent.offered), .delivered: delivered, .lost: Double(ledger.lost),
      .duplicated: Double(received.duplicated), .reordered: Double(received.reordered),
      .corrupt: Double(received.corrupt), .foreign: Double(received.foreign),
      .unexplained: Double(ledger.unexplained), .refused: Double(sent.refused),
    ]
    // What an echo delivers is what it was asked to, and its ends never sleep: no result.
    if !workload.kind.isRoundTrip {
      metrics[.throughput] = Double(received.bytes) * 8 / seconds
      metrics[.deliveredRate] = delivered / seconds
      if ledger.delivered > 0 {
        metrics[.cpuPerFrame] = Double(cpu.near(found)) / delivered
        metrics[.guestCPUPerFrame] = cpu.far(found).map { Double($0) / delivered }
      }
    }
    if sent.offered > 0 { metrics[.loss] = Double(ledger.lost) / Double(sent.offered) }
    if let intended = sent.intended { metrics[.intendedRate] = Double(intended) / sending }
    if let lateness = found.lateness {
      metrics[.gapErrorP50] = lateness.microseconds(atPercentile: 50)
      metrics[.gapErrorP99] = lateness.microseconds(atPercentile: 99)
    }
    metrics.addLatency(found.roundTrips)
    return metrics
  }
}

extension [Metric: Double] {
  /// The percentiles that so many times can tell.
  fileprivate mutating func addLatency(_ times: TimeHistogram?) {
    guard let times else { return }
    self[.latencyP50] = times.microseconds(atPercentile: 50)
    if times.count >= 100 { self[.latencyP99] = times.microseconds(atPercentile: 99) }
    if times.count >= 1000 { self[.latencyP999] = times.microseconds(atPercentile: 99.9) }
    self[.latencyMaximum] = times.microseconds(atPercentile: 100)
  }
}
