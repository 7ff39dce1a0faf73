import Kernel

/// The answering end of a ping-pong: to each request a response.
struct Responder: ~Copyable {
  private let listener: StreamListener
  private let requestBytes: Int
  private let responseBytes: Int
  private var socket: StreamSocket?

  init(_ listener: StreamListener, request: Int, response: Int) {
    self.listener = listener
    requestBytes = request
    responseBytes = response
  }

  /// Accepts the connection that answers are for, once. Throws `ETIMEDOUT` after two seconds.
  mutating func meet() throws {
    if socket != nil { return }
    let accepted = try listener.accept(milliseconds: 2000)
    // A tick of the kernel at least: how late we hear that it is over.
    try accepted.beginMessages(milliseconds: 1)
    socket = consume accepted
  }

  /// Answers until told to stop, which is between two requests.
  mutating func answer(until stop: StopFlag) throws {
    while !stop.isSet {
      guard try socket?.receive(message: requestBytes, unless: { stop.isSet }) == true else {
        return
      }
      guard try socket?.send(message: responseBytes, unless: { stop.isSet }) == true else {
        return
      }
    }
  }
}

/// An answering end on this machine.
final class RequestReflecting: ReflectingHalf {
  let ports: [UInt16]
  private let responder: Worker<Responder>
  private let stop = StopFlag()

  init(_ workload: Workload, listener: StreamListener, cpu: Int) throws {
    ports = [listener.address.port]
    responder = try Worker(
      "kvmtune-echo", on: cpu,
      Responder(listener, request: workload.request, response: workload.response))
  }

  /// Sleeps between requests in any case.
  func start(sleeping: Bool) throws {
    try responder.with { try $0.meet() }
    stop.clear()
    responder.start { [stop] in try $0.answer(until: stop) }
  }

  func finish() throws -> UInt64 {
    stop.set()
    return try responder.finish()
  }

  func park() {}

  func close() {
    stop.set()
    responder.stop()
  }
}
