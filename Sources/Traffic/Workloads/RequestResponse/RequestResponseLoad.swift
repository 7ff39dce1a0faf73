import Kernel

/// The asking end of a ping-pong over one TCP connection: a request, its response, the next
/// request.
///
/// Closed loop, as netperf's TCP_RR and neper's tcp_rr: what delays a response delays the requests
/// that follow, so the percentiles hide how often it would have met traffic that comes anyway
/// (coordinated omission). Both ends sleep while they wait, so waking up is in the round trip.
struct Requester: ~Copyable {
  private var socket: StreamSocket
  private let requestBytes: Int
  private let responseBytes: Int
  private(set) var findings = Findings()

  /// Nanoseconds without a response that make a connection stuck: some retransmissions.
  private static let patience: UInt64 = 2_000_000_000

  init(_ socket: consuming StreamSocket, request: Int, response: Int) throws(SystemCallError) {
    try socket.beginMessages(milliseconds: 10)
    self.socket = socket
    requestBytes = request
    responseBytes = response
  }

  /// Asks for so long; the last request has its response, too. Throws `ETIMEDOUT` if the connection
  /// is stuck.
  mutating func ask(nanoseconds: UInt64) throws {
    var trips = TimeHistogram()
    let before = try socket.retransmitted()
    let begin = MonotonicTime.now()
    let deadline = begin + nanoseconds
    var asked = begin
    repeat {
      let latest = asked + Self.patience
      guard try socket.send(message: requestBytes, unless: { .now() > latest }),
        try socket.receive(message: responseBytes, unless: { .now() > latest })
      else { throw SystemCallError("recv", .timedOut, on: "TCP connection") }
      let answered = MonotonicTime.now()
      trips.record(answered - asked)
      asked = answered
    } while asked < deadline
    findings = Findings()
    findings.sent.first = begin
    findings.sent.last = asked
    findings.transactions = trips.count
    findings.roundTrips = trips
    findings.retransmitted = try socket.retransmitted() - before
  }
}

/// Request-response: the asking end here, the answering one on this machine or another.
final class RequestResponseLoad: Load {
  private let requester: Worker<Requester>
  private let responder: any ReflectingHalf

  /// Takes the answering end over: it is closed with this load, or if the asking one cannot begin.
  init(
    _ workload: Workload, cpu: Int, socket: consuming sending StreamSocket,
    responder: any ReflectingHalf
  ) throws {
    self.responder = responder
    requester = try Worker(
      "kvmtune-probe", on: cpu,
      Requester(socket, request: workload.request, response: workload.response))
  }

  func run(nanoseconds: UInt64) throws -> Findings {
    try responder.start(sleeping: true)
    requester.start { try $0.ask(nanoseconds: nanoseconds) }
    let near = Result { try requester.finish() }
    let far = Result { try responder.finish() }
    let cpu = (near: try near.get(), far: try far.get())
    var found = requester.with { $0.findings }
    found.cpu = cpu.near + cpu.far
    return found
  }

  /// Every request had its response.
  func waitOn(patience: UInt64) -> Findings { requester.with { $0.findings } }

  func park() throws { try responder.park() }

  func close() {
    requester.stop()
    responder.close()
  }
}
