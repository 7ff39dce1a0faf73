import Kernel

/// Another machine for the time of a session: what it answers, in our time.
final class FarMachine {
  private let peer: any TrafficPeer
  private(set) var clock: ClockOffset

  /// The bound that the last comparison was to reach.
  private var sought = UInt64.max

  /// Nanoseconds after which the clocks are compared again: they drift by tens of microseconds a
  /// second.
  private static let clockAge: UInt64 = 2_000_000_000
  /// How many questions are asked at least.
  private static let leastQuestions = 8
  /// Nanoseconds of further questions while the bound is too wide: an emulated guest on a busy
  /// host may take some milliseconds for one answer, and less for the next.
  private static let patience: UInt64 = 1_000_000_000

  init(_ peer: any TrafficPeer) throws {
    self.peer = peer
    clock = try Self.compareClocks(peer, within: sought)
  }

  /// Compares the clocks anew if that is some time ago, or was for less.
  ///
  /// - Parameter bound: nanoseconds by which the times may be wrong; it may turn out to be more.
  func checkClock(within bound: UInt64) throws {
    let isOld = MonotonicTime.now() - clock.taken > Self.clockAge
    guard isOld || clock.bound > bound && sought > bound else { return }
    clock = try Self.compareClocks(peer, within: bound)
    sought = bound
  }

  private static func compareClocks(
    _ peer: any TrafficPeer, within bound: UInt64
  ) throws -> ClockOffset {
    func ping() throws -> ClockOffset.Ping {
      let asked = MonotonicTime.now()
      let far = try peer.time()
      return ClockOffset.Ping(asked: asked, far: far, answered: .now())
    }
    var offset = ClockOffset(try (0..<leastQuestions).map { _ in try ping() })
    let limit = MonotonicTime.now() + patience
    while offset.bound > bound, MonotonicTime.now() < limit {
      let next = ClockOffset([try ping()])
      if next.bound < offset.bound { offset = next }
    }
    return offset
  }

  // MARK: Requests, by what answers them

  func done(_ request: TrafficRequest) throws {
    let reply = try peer.call(request)
    guard case .done = reply else { throw Self.unexpected(reply) }
  }

  func open(_ request: HalfRequest) throws -> (half: Int, ports: [UInt16]) {
    let reply = try peer.call(.open(request))
    guard case .opened(let half, let ports) = reply else { throw Self.unexpected(reply) }
    return (half, ports)
  }

  func sent(_ request: TrafficRequest) throws -> (SendingEnd, Findings) {
    let reply = try peer.call(request)
    guard case .sent(let end, let found) = reply else { throw Self.unexpected(reply) }
    guard (end.offered + end.next).allSatisfy({ $0 < FarLimits.count }) else {
      throw TrafficFailure("it says that it sent more than anybody can")
    }
    return (end, try checked(found))
  }

  func received(_ request: TrafficRequest) throws -> Findings {
    let reply = try peer.call(request)
    guard case .received(let found) = reply else { throw Self.unexpected(reply) }
    return try checked(found)
  }

  func cpu() throws -> CPUReading {
    let reply = try peer.call(.cpu)
    guard case .cpu(let reading) = reply else { throw Self.unexpected(reply) }
    return reading
  }

  static func unexpected(_ reply: TrafficReply) -> TrafficFailure {
    if case .failed(let failure) = reply { return failure }
    return TrafficFailure("it answered another question; is it of the same version?")
  }

  /// Findings of the far end in our time; its CPU time is kept apart from ours.
  private func checked(_ found: Findings) throws -> Findings {
    guard found.counts.allSatisfy({ $0 < FarLimits.count }) else {
      throw TrafficFailure("it says that it counted more than anybody can")
    }
    guard found.overruns.keys.allSatisfy(TrafficSession.receivingHops.contains) else {
      throw TrafficFailure("it dropped frames where no receiver does")
    }
    var found = found
    found.sent.first = found.sent.first.map(clock.near)
    found.sent.last = found.sent.last.map(clock.near)
    found.received.last = found.received.last.map(clock.near)
    (found.refusedBack, found.intervalRates) = (0, [])
    (found.farCPU, found.cpu) = (found.cpu, 0)
    (found.farIdle, found.sent.idle) = (found.sent.idle, 0)
    return found
  }
}
