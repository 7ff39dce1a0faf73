package import Kernel
package import Knobs
package import Traffic

/// What the host asks of the agent in a guest.
package enum AgentRequest: Codable, Sendable {
  /// Run a program of the guest to its end, at most so many seconds.
  case run([String], seconds: Double)
  case write(path: String, text: String)
  case read(path: String)
  /// The names in a folder, sorted.
  case list(path: String)
  /// Give the NIC with this hardware address a name, addresses and neighbours, and set it up.
  case configure(AgentInterface)
  case setUp(Bool, device: String)
  case waitForCarrier(device: String, seconds: Double)
  case tuning(TuningRequest)
  case traffic(TrafficRequest)
}

/// What the agent answers.
package enum AgentReply: Codable, Sendable {
  case done
  case ran(ProgramRun)
  case text(String)
  case names([String])
  case tuning(TuningReply)
  case traffic(TrafficReply)
  /// It could not be done: why.
  case failed(String)
}

/// How a NIC of the guest is to be set up.
package struct AgentInterface: Codable, Sendable, Hashable {
  /// Of the NIC, as `52:54:00:6b:00:00`.
  package var hardware: String
  package var name: String
  /// `198.18.0.2/24`; nil for none.
  package var address: String?
  package var gateway: String?
  /// Hardware addresses by IP address, so that nobody has to ask on the wire.
  package var neighbours: [String: String]

  package init(
    hardware: String, name: String, address: String? = nil, gateway: String? = nil,
    neighbours: [String: String] = [:]
  ) {
    self.hardware = hardware
    self.name = name
    self.address = address
    self.gateway = gateway
    self.neighbours = neighbours
  }
}

/// The time of a guest: asked for with an empty body, and answered with eight bytes in network byte
/// order. The other messages are JSON, which takes a guest in emulation milliseconds.
extension MonotonicTime {
  /// Nil if the body is no time.
  init?(answer body: [UInt8]) {
    guard let nanoseconds = UInt64(octets: body) else { return nil }
    self.init(nanoseconds: nanoseconds)
  }

  var answer: [UInt8] { nanoseconds.octets }
}
