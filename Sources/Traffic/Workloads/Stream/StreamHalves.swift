import Kernel

/// How one half of a stream comes to its connections, a thread each.
enum StreamMeeting {
  /// It connects, from a namespace, to the other half.
  case connecting(NetworkNamespace, [SocketAddress])
  /// It waits for the other half.
  case listening([StreamListener])

  var ports: [UInt16] {
    switch self {
    case .connecting: []
    case .listening(let listeners): listeners.map(\.address.port)
    }
  }

  /// The connection of a thread. Throws `ETIMEDOUT` after two seconds.
  func socket(_ thread: Int) throws -> StreamSocket {
    switch self {
    case .connecting(let namespace, let addresses):
      try .connect(in: namespace, to: addresses[thread], milliseconds: 2000)
    case .listening(let listeners):
      try listeners[thread].accept(milliseconds: 2000)
    }
  }
}

/// The sending ends of TCP connections on this machine.
final class StreamSending: SendingHalf {
  private let meeting: StreamMeeting
  private let threads: Int
  private let cpus: [Int]
  private let zerocopy: Bool
  private var senders: [Worker<StreamSender>] = []

  var hasFailed: Bool { senders.contains { $0.hasFailed } }

  var ports: [UInt16] { meeting.ports }

  /// Connects when the first window begins.
  init(_ meeting: StreamMeeting, threads: Int, cpus: [Int], zerocopy: Bool) {
    self.zerocopy = zerocopy
    self.meeting = meeting
    self.threads = threads
    self.cpus = cpus
  }

  func begin() throws -> [UInt64] {
    if case .connecting = meeting { try meet() }
    return SendingEnd.nothing(threads: threads).next
  }

  func start(nanoseconds: UInt64) throws {
    try meet()
    for sender in senders { sender.start { try $0.send(nanoseconds: nanoseconds) } }
  }

  private func meet() throws {
    for thread in senders.count..<threads {
      var socket = try meeting.socket(thread)
      if zerocopy { try socket.beginZerocopy() }
      senders.append(
        try Worker(
          "kvmtune-tx\(thread)", on: cpus[thread % cpus.count], StreamSender(socket)))
    }
  }

  func finish() throws -> (SendingEnd, Findings) {
    var found = Findings(cpu: try senders.finishAll(), streamBytes: 0)
    for sender in senders { found = found + sender.with { $0.findings } }
    var end = SendingEnd.nothing(threads: threads)
    end.offered = senders.map { $0.with { $0.bytes } }
    return (end, found)
  }

  func park() {}

  func close() {
    for sender in senders { sender.stop() }
    senders = []
  }
}

/// The receiving ends of TCP connections on this machine.
final class StreamReceiving: ReceivingHalf {
  private let meeting: StreamMeeting
  private let threads: Int
  private let cpus: [Int]
  private var receivers: [Worker<StreamReceiver>] = []
  private let streams: [Progress]
  private var cpu: UInt64 = 0

  var hasFailed: Bool { receivers.contains { $0.hasFailed } }

  var ports: [UInt16] { meeting.ports }

  /// Connects when the first window begins.
  init(_ meeting: StreamMeeting, threads: Int, cpus: [Int]) {
    self.meeting = meeting
    self.threads = threads
    self.cpus = cpus
    streams = (0..<threads).map { _ in Progress() }
  }

  func start(at first: [UInt64], patience: UInt64) throws {
    for thread in receivers.count..<threads {
      receivers.append(
        try Worker(
          "kvmtune-rx\(thread)", on: cpus[thread % cpus.count],
          StreamReceiver(try meeting.socket(thread))))
    }
    for (receiver, stream) in zip(receivers, streams) {
      stream.begin()
      receiver.start { try $0.receive(stream) }
    }
  }

  func finish(_ end: SendingEnd) throws -> Findings {
    for (stream, bytes) in zip(streams, end.offered) { stream.end(offered: bytes) }
    cpu = try receivers.finishAll()
    return findings
  }

  /// TCP itself has waited.
  func waitOn(patience: UInt64) -> Findings { findings }

  private var findings: Findings {
    receivers.reduce(Findings(cpu: cpu, streamBytes: 0)) { found, receiver in
      found + receiver.with { $0.findings }
    }
  }

  func park() {}

  func close() {
    for stream in streams { stream.end(offered: 0) }
    for receiver in receivers { receiver.stop() }
    receivers = []
  }
}
