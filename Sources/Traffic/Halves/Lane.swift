import Kernel

/// One direction of traffic: a sending half and a receiving half.
final class Lane {
  private let sending: any SendingHalf
  private let receiving: any ReceivingHalf
  private let threads: Int
  private let isBack: Bool
  private var end: SendingEnd
  private var sent = Findings()
  private var received = Findings()
  private var isSending = false
  private var isListening = false

  /// - Parameters:
  ///   - threads: how many send.
  ///   - isBack: from the route's receiver to its sender.
  init(_ sending: any SendingHalf, _ receiving: any ReceivingHalf, threads: Int, isBack: Bool) {
    self.isBack = isBack
    self.sending = sending
    self.receiving = receiving
    self.threads = threads
    end = .nothing(threads: threads)
  }

  var findings: Findings {
    var found = sent + received
    if isBack { found.refusedBack = found.sent.refused }
    return found
  }

  /// Frames delivered so far; nil if nobody here knows.
  var deliveredSoFar: UInt64? { receiving.deliveredSoFar }

  /// Whether the end of the window is known to throw.
  var hasFailed: Bool { sending.hasFailed || receiving.hasFailed }

  /// Begins a window: receives from now on.
  func listen() throws {
    (sent, received, end) = (Findings(), Findings(), .nothing(threads: threads))
    try receiving.start(at: try sending.begin(), patience: usualPatience)
    isListening = true
  }

  func send(nanoseconds: UInt64) throws {
    try sending.start(nanoseconds: nanoseconds)
    isSending = true
  }

  /// Waits for the senders, if they send.
  func finishSending() throws {
    guard isSending else { return }
    isSending = false
    (end, sent) = try sending.finish()
  }

  /// Waits for the receivers, if they receive.
  func finishReceiving() throws {
    guard isListening else { return }
    isListening = false
    received = try receiving.finish(end)
  }

  func waitOn(patience: UInt64) throws { received = try receiving.waitOn(patience: patience) }

  func park() throws {
    try sending.park()
    try receiving.park()
  }

  func close() {
    sending.close()
    receiving.close()
  }
}

/// Traffic in one direction, or in both at once.
final class LaneLoad: Load {
  private let lanes: [Lane]
  private var lastRates: [Double] = []

  init(_ lanes: [Lane]) { self.lanes = lanes }

  func run(nanoseconds: UInt64) throws -> Findings {
    let begun = Result {
      for lane in lanes { try lane.listen() }
      for lane in lanes { try lane.send(nanoseconds: nanoseconds) }
    }
    let rates = intervalRates(within: nanoseconds, begun)
    // Every thread is waited for, whatever another one threw.
    let sent = lanes.map { lane in Result { try lane.finishSending() } }
    let received = lanes.map { lane in Result { try lane.finishReceiving() } }
    for result in [begun] + sent + received { try result.get() }
    lastRates = rates
    return findings
  }

  /// Looks at the counts ten times while a long window runs, unless it has failed: that is told at
  /// once, or when the part is over in which it happened.
  private func intervalRates(
    within nanoseconds: UInt64, _ begun: Result<Void, any Error>
  ) -> [Double] {
    guard nanoseconds >= Self.leastForIntervals, case .success = begun else { return [] }
    var rates: [Double] = []
    var last = (time: MonotonicTime.now(), count: delivered)
    let begin = last.time
    for number in 1...Findings.intervalCount {
      (begin + nanoseconds / Findings.intervalCount * number).sleepUntil()
      if lanes.contains(where: \.hasFailed) { return [] }
      let now = (time: MonotonicTime.now(), count: delivered)
      guard let earlier = last.count, let later = now.count, now.time > last.time else { return [] }
      rates.append(Double(later - min(earlier, later)) * 1e9 / Double(now.time - last.time))
      last = now
    }
    return rates
  }

  /// Frames delivered so far in all directions; nil if nobody here knows.
  private var delivered: UInt64? {
    lanes.reduce(0) { sum, lane in
      guard let sum, let count = lane.deliveredSoFar else { return nil }
      return sum + count
    }
  }

  /// Nanoseconds of a window from which on its parts say something.
  private static let leastForIntervals: UInt64 = 1_000_000_000

  func waitOn(patience: UInt64) throws -> Findings {
    for lane in lanes { try lane.waitOn(patience: patience) }
    return findings
  }

  func park() throws { for lane in lanes { try lane.park() } }
  func close() { for lane in lanes { lane.close() } }

  private var findings: Findings {
    var found = lanes.map(\.findings).reduce(Findings(), +)
    found.intervalRates = lastRates
    return found
  }
}
