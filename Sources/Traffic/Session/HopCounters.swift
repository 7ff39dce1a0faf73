import Kernel

/// The hops of a workload's way, counted from the beginning of a window.
struct HopCounters {
  private let there: [DropCounter]
  private let back: [DropCounter]
  private let before: [UInt64]
  private let queuesBefore: [[String: UInt64]]
  /// Frames of what a hop counts as one: of a super-frame.
  private let segments: UInt64

  /// The hops that the frames of a workload pass. TCP sends again what is lost.
  init(of workload: Workload, on route: Route) {
    let isRoundTrip = workload.kind.isRoundTrip
    let isEmpty = workload.datapath == .tcp
    there = isEmpty || workload.direction == .toSender && !isRoundTrip ? [] : route.drops
    back = isEmpty || workload.direction == .toReceiver && !isRoundTrip ? [] : route.reverseDrops
    before = []
    queuesBefore = []
    segments = UInt64(workload.segments)
  }

  private init(_ counters: HopCounters, before: [UInt64], queues: [[String: UInt64]]) {
    there = counters.there
    back = counters.back
    segments = counters.segments
    self.before = before
    queuesBefore = queues
  }

  /// The same, counted from now on.
  func restarted() throws -> HopCounters {
    HopCounters(
      self, before: try (there + back).map { try $0.read() },
      queues: try (there + back).map { try $0.readQueues?() ?? [:] })
  }

  /// What the queues of the hops dropped since the beginning, as `HOP.DEVICE.COUNTER`: only those
  /// that did.
  func queueDrops() throws -> [String: UInt64] {
    var drops: [String: UInt64] = [:]
    for (counter, before) in zip(there + back, queuesBefore) {
      for (name, now) in try counter.readQueues?() ?? [:] {
        let old = before[name] ?? 0
        if now > old { drops["\(counter.hop).\(name)"] = now - old }
      }
    }
    return drops
  }

  /// More than any window has frames: what a driver says may be anything, and is added up.
  static let mostFrames: UInt64 = 1 << 48

  /// Offered frames that were dropped since the beginning, by hop; what our own sockets found is in
  /// `found`.
  ///
  /// A frame that its sender was refused was never offered, so the hops that count refusals are
  /// relieved of them, in turn: the queueing discipline first, then the device, which alone counts
  /// them where there is no discipline.
  func drops(_ found: Findings) throws -> [String: UInt64] {
    var drops = found.overruns
    var refused = (
      there: (found.sent.refused - found.refusedBack) / segments,
      back: found.refusedBack / segments
    )
    for (position, (counter, before)) in zip(there + back, before).enumerated() {
      let now = try counter.read()
      var count = min(now - min(before, now), Self.mostFrames)
      if counter.countsRefusals {
        let told = min(count, position < there.count ? refused.there : refused.back)
        if position < there.count { refused.there -= told } else { refused.back -= told }
        count -= told
      }
      drops[counter.hop, default: 0] += count
    }
    if segments == 1 { return drops }
    return Ledger.inFrames(
      drops, segments: segments,
      missing: found.sent.offered - min(found.sent.offered, found.received.delivered))
  }
}
