import Kernel

/// The sending end of a connection.
struct StreamSender: ~Copyable {
  private let socket: StreamSocket
  private var report = SendReport()
  private var retransmitted: UInt64 = 0
  /// Sent in the last window.
  private(set) var bytes: UInt64 = 0

  init(_ socket: consuming StreamSocket) { self.socket = socket }

  var findings: Findings { Findings(sent: report, retransmitted: retransmitted) }

  /// Sends as many bytes as the connection takes for so long.
  mutating func send(nanoseconds: UInt64) throws {
    bytes = 0
    let before = try socket.retransmitted()
    report = SendReport()
    let begin = MonotonicTime.now()
    let deadline = begin + nanoseconds
    report.first = begin
    repeat {
      bytes += UInt64(try socket.send(waiting: 10))
    } while MonotonicTime.now() < deadline
    report.last = .now()
    retransmitted = try socket.retransmitted() - before
  }
}

/// The receiving end of a connection.
struct StreamReceiver: ~Copyable {
  private var socket: StreamSocket
  private var bytes: UInt64 = 0
  private var last: MonotonicTime?

  /// Nanoseconds without a byte that end a stream which is not complete: some retransmissions.
  private static let patience: UInt64 = 2_000_000_000

  init(_ socket: consuming StreamSocket) { self.socket = socket }

  var findings: Findings {
    var found = Findings(streamBytes: bytes)
    found.received.last = last
    return found
  }

  /// Receives until all is there that was sent. Throws `ETIMEDOUT` if the connection is stuck.
  mutating func receive(_ progress: Progress) throws {
    bytes = 0
    last = nil
    var heard = MonotonicTime.now()
    while !progress.isComplete {
      let count = try socket.receive(waiting: 1)
      let now = MonotonicTime.now()
      if count > 0 {
        bytes += UInt64(count)
        last = now
        heard = now
        progress.deliver(UInt64(count))
      } else if let end = progress.end, now - max(heard, end) > Self.patience {
        throw SystemCallError("recv", .timedOut, on: "TCP stream")
      }
    }
  }
}
