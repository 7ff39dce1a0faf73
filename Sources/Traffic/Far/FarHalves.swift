/// A half on another machine: its number there, and how to ask.
class FarHalf: Half {
  fileprivate let machine: FarMachine
  fileprivate let half: Int
  let ports: [UInt16]

  init(_ machine: FarMachine, _ request: HalfRequest) throws {
    self.machine = machine
    (half, ports) = try machine.open(request)
  }

  func park() throws { try machine.done(.park(half: half)) }

  /// Whoever does not answer any more has nothing left to close.
  func close() { try? machine.done(.close(half: half)) }
}

/// Senders on another machine.
final class FarSending: FarHalf, SendingHalf {
  private var next: [UInt64]

  override init(_ machine: FarMachine, _ request: HalfRequest) throws {
    next = SendingEnd.nothing(threads: request.workload.threads).next
    try super.init(machine, request)
  }

  /// They go on where they ended, and need not be asked.
  func begin() -> [UInt64] { next }

  func start(nanoseconds: UInt64) throws {
    try machine.done(.startSending(half: half, nanoseconds: nanoseconds))
  }

  func finish() throws -> (SendingEnd, Findings) {
    let (end, found) = try machine.sent(.finishSending(half: half))
    guard end.offered.count == next.count, end.next.count == next.count else {
      throw TrafficFailure("it speaks of threads that it has not")
    }
    next = end.next
    return (end, found)
  }

  /// Senders have no ears.
  override func park() {}
}

/// Receivers on another machine.
final class FarReceiving: FarHalf, ReceivingHalf {
  func start(at first: [UInt64], patience: UInt64) throws {
    try machine.done(.startReceiving(half: half, first: first, patience: patience))
  }

  func finish(_ end: SendingEnd) throws -> Findings {
    try machine.received(.finishReceiving(half: half, end))
  }

  func waitOn(patience: UInt64) throws -> Findings {
    try machine.received(.waitOn(half: half, patience: patience))
  }
}

/// A reflector on another machine.
final class FarReflecting: FarHalf, ReflectingHalf {
  func start(sleeping: Bool) throws {
    try machine.done(.startReflecting(half: half, sleeping: sleeping))
  }

  func finish() throws -> UInt64 {
    try machine.done(.finishReflecting(half: half))
    return 0
  }
}
