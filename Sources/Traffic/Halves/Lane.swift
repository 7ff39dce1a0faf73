/// One direction of traffic: a sending half and a receiving half.
final class Lane {
  private let sending: any SendingHalf
  private let receiving: any ReceivingHalf
  private let threads: Int
  private var end: SendingEnd
  private var sent = Findings()
  private var received = Findings()
  private var isSending = false
  private var isListening = false

  /// - Parameter threads: how many send.
  init(_ sending: any SendingHalf, _ receiving: any ReceivingHalf, threads: Int) {
    self.sending = sending
    self.receiving = receiving
    self.threads = threads
    end = .nothing(threads: threads)
  }

  var findings: Findings { sent + received }

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

  init(_ lanes: [Lane]) { self.lanes = lanes }

  func run(nanoseconds: UInt64) throws -> Findings {
    let begun = Result {
      for lane in lanes { try lane.listen() }
      for lane in lanes { try lane.send(nanoseconds: nanoseconds) }
    }
    // Every thread is waited for, whatever another one threw.
    let sent = lanes.map { lane in Result { try lane.finishSending() } }
    let received = lanes.map { lane in Result { try lane.finishReceiving() } }
    for result in [begun] + sent + received { try result.get() }
    return findings
  }

  func waitOn(patience: UInt64) throws -> Findings {
    for lane in lanes { try lane.waitOn(patience: patience) }
    return findings
  }

  func park() throws { for lane in lanes { try lane.park() } }
  func close() { for lane in lanes { lane.close() } }

  private var findings: Findings { lanes.map(\.findings).reduce(Findings(), +) }
}
