import Kernel

/// Bytes over TCP connections, each with a sending and a receiving thread.
final class StreamLoad: Load {
  private var senders: [Worker<StreamSender>] = []
  private var receivers: [Worker<StreamReceiver>] = []
  private var streams: [Progress] = []

  /// Opens `workload.threads` connections. Throws ``WorkloadError`` without an address to
  /// connect to.
  init(_ workload: Workload, route: Route, placement: Placement) throws {
    guard let address = route.receiver.ipv4 else {
      throw WorkloadError(workload: workload.name, reason: "the receiving end has no IPv4 address")
    }
    let listener = try StreamListener(in: route.receiver.device.namespace, address: address)
    do {
      for thread in 0..<workload.threads {
        let near = try StreamSocket.connect(
          in: route.sender.device.namespace, to: address, port: listener.port, milliseconds: 2000)
        let far = try listener.accept(milliseconds: 2000)
        streams.append(Progress())
        senders.append(
          try Worker("kvmtune-tx\(thread)", on: placement.sender(thread), StreamSender(near)))
        receivers.append(
          try Worker("kvmtune-rx\(thread)", on: placement.receiver(thread), StreamReceiver(far)))
      }
    } catch {
      close()
      throw error
    }
  }

  func run(nanoseconds: UInt64) throws -> Findings {
    for stream in streams { stream.begin() }
    for (receiver, stream) in zip(receivers, streams) { receiver.start { try $0.receive(stream) } }
    for (sender, stream) in zip(senders, streams) {
      sender.start { try $0.send(stream, nanoseconds: nanoseconds) }
    }
    // Every thread is waited for, whatever another one threw.
    let ends =
      senders.map { end in Result { try end.finish() } }
      + receivers.map { end in Result { try end.finish() } }
    let cpu = try ends.map { try $0.get() }.reduce(0, +)
    var found = Findings(cpu: cpu, streamBytes: 0)
    for sender in senders { found = found + sender.with { $0.findings } }
    for receiver in receivers { found = found + receiver.with { $0.findings } }
    return found
  }

  /// TCP itself has waited.
  func waitOn(patience: UInt64) throws -> Findings { preconditionFailure("a stream loses nothing") }

  func park() {}

  func close() {
    for sender in senders { sender.stop() }
    for receiver in receivers { receiver.stop() }
    senders = []
    receivers = []
  }
}

/// The sending end of a connection.
struct StreamSender: ~Copyable {
  private let socket: StreamSocket
  private var report = SendReport()
  private var retransmitted: UInt64 = 0

  init(_ socket: consuming StreamSocket) { self.socket = socket }

  var findings: Findings { Findings(sent: report, retransmitted: retransmitted) }

  /// Sends as many bytes as the connection takes for so long.
  mutating func send(_ progress: Progress, nanoseconds: UInt64) throws {
    var bytes: UInt64 = 0
    // The receiver ends only when it knows how much there is.
    defer { progress.end(offered: bytes) }
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
  private static let patience: UInt64 = 3_000_000_000

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
