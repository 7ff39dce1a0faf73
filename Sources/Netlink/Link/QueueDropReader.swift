package import Kernel

/// Reads the drops of a device's queues again and again, and makes hops of them.
package struct QueueDropReader: Sendable {
  private let device: NetworkDevice
  private let session: NetlinkSession
  private let driver: String

  /// - Parameter session: of the device's namespace.
  package init(of device: NetworkDevice, _ session: NetlinkSession) {
    self.device = device
    self.session = session
    // A device without a driver to ask may still tell what the kernel asks of all.
    driver = (try? session.driver(of: device.name).driver) ?? ""
  }

  /// Running totals. Queues that are taken away take theirs with them.
  package func read() throws -> QueueDrops {
    QueueDrops.isKnown(driver)
      ? QueueDrops(try session.driverCounters(of: device.name), of: driver)
      : QueueDrops(try session.queueStatistics(of: device.index))
  }

  /// The hop of frames that were dropped in a direction and that none of the totals holds which
  /// other hops count; nil if the driver has no counter of such frames.
  ///
  /// Where nobody says which total holds them, those count that go beyond what the totals grew by
  /// from now on: no frame is counted twice, though one that is in no total may not be counted.
  package func hop(
    _ hop: String, _ direction: QueueDrops.Direction, beside counted: Set<QueueDrops.Total>
  ) throws -> DropCounter? {
    let first = try read().but(counted, direction)
    if first.isEmpty { return nil }
    let totalsBefore = try totals(counted)
    return DropCounter(hop: hop, queues: names(direction) { !counted.contains($0) }) {
      let now = try read().but(counted, direction)
      return try QueueDrops.uncounted(now, since: first) {
        try totals(counted).since(totalsBefore)
      }
    }
  }

  /// What there is of each queue in the totals that are meant, as ``DropCounter/readQueues`` tells it.
  func names(
    _ direction: QueueDrops.Direction, in isMeant: @escaping @Sendable (QueueDrops.Total) -> Bool
  ) -> @Sendable () throws -> [String: UInt64] {
    return {
      var counts: [String: UInt64] = [:]
      for (total, queues) in try read().counts(direction) where isMeant(total) {
        for (name, count) in queues { counts["\(device.name).\(name)"] = count }
      }
      return counts
    }
  }

  private func totals(_ counted: Set<QueueDrops.Total>) throws -> UInt64 {
    let statistics = try session.link(index: device.index).statistics
    return counted.reduce(UInt64(0)) { $0 &+ statistics[$1] }
  }
}

extension QueueDrops {
  /// Frames that no other hop counts.
  ///
  /// - Parameters:
  ///   - now: running totals that no other hop counts, or of which nobody knows.
  ///   - first: what they were at the beginning.
  ///   - growth: of what the other hops count, since then; asked only where it matters.
  static func uncounted(
    _ now: [Total: [String: UInt64]], since first: [Total: [String: UInt64]],
    growth: () throws -> UInt64
  ) rethrows -> UInt64 {
    let unknown = now[.unknown].since(first[.unknown])
    let others = now.filter { $0.key != .unknown }.values.reduce(UInt64(0)) { $0 &+ $1.sum }
    return unknown == 0 ? others : others &+ unknown.since(try growth())
  }

  /// The counters in a direction that are in other totals.
  fileprivate func but(_ counted: Set<Total>, _ direction: Direction) -> [Total: [String: UInt64]] {
    counts(direction).filter { !counted.contains($0.key) }
  }
}

extension [String: UInt64] {
  /// Of all queues. What a driver says may be anything, so this does not trap.
  var sum: UInt64 { values.reduce(0, &+) }
}

extension [String: UInt64]? {
  fileprivate func since(_ before: Self) -> UInt64 { (self?.sum ?? 0).since(before?.sum ?? 0) }
}

extension UInt64 {
  /// By how much a counter grew, 0 if it was set back.
  fileprivate func since(_ before: UInt64) -> UInt64 { self - Swift.min(before, self) }
}
