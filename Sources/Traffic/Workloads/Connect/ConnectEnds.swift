import Kernel

/// One thread's connecting end: as many connections under way as its batch allows, a new one for
/// each that ends.
struct Connector: ~Copyable {
  private var sockets: StreamConnector
  private(set) var findings = Findings()

  /// Nanoseconds until a connection is given up: a SYN or SYN-ACK that got lost is sent again after
  /// one second and after three (RFC 6298).
  static let limit: UInt64 = 3_500_000_000
  /// Nanoseconds that those still under way get after the window: one retransmission.
  static let patience: UInt64 = 1_500_000_000

  init(_ sockets: consuming StreamConnector) { self.sockets = sockets }

  /// Connects for so long, then waits for what is under way.
  mutating func connect(nanoseconds: UInt64) throws {
    var counts = ConnectionCounts()
    var times = TimeHistogram()
    func note(_ ending: StreamConnector.Ending, _ age: UInt64? = nil) {
      switch ending {
      case .accepted: counts.accepted += 1
      case .refused: counts.refused += 1
      case .timedOut: counts.timedOut += 1
      case .failed: counts.failed += 1
      }
      if let age, ending == .accepted { times.record(age) }
    }
    try sockets.enter()
    let begin = MonotonicTime.now()
    let deadline = begin + nanoseconds
    repeat {
      counts.attempted += UInt64(try sockets.open { note($0) })
      if sockets.count == 0 { OSThread.giveWay() }
      try sockets.wait(milliseconds: 1, limit: Self.limit) { note($0, $1) }
    } while MonotonicTime.now() < deadline
    let end = MonotonicTime.now()
    counts.inTime = counts.accepted
    while sockets.count > 0 && MonotonicTime.now() - end < Self.patience {
      try sockets.wait(milliseconds: 10, limit: Self.limit) { note($0, $1) }
    }
    counts.timedOut += UInt64(sockets.abandon())
    findings = Findings()
    findings.sent.first = begin
    findings.sent.last = end
    findings.roundTrips = times
    findings.connections = counts
  }
}

/// One thread's accepting end: takes each connection and ends it with a RST.
struct Acceptor: Sendable {
  let listener: StreamListener
  private(set) var count: UInt64 = 0

  init(_ listener: StreamListener) { self.listener = listener }

  /// Throws away what came too late for the window before, and takes the bound of the queue anew.
  func begin() throws {
    try listener.listen()
    while try listener.acceptAndClose(limit: 64, waiting: 0) > 0 {}
  }

  /// Accepts until told that nobody connects any more.
  mutating func accept(_ progress: Progress) throws {
    count = 0
    while true {
      let isOver = progress.end != nil
      let taken = try listener.acceptAndClose(limit: 64, waiting: isOver ? 0 : 1)
      count += UInt64(taken)
      if isOver && taken == 0 { return }
    }
  }
}
