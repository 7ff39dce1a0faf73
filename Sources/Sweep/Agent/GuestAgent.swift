import Foundation
package import Kernel
package import Knobs
package import Lab
import Synchronization
package import Traffic

/// The host's end of the talk with a guest's agent.
package final class GuestAgent: Sendable {
  package let guest: Guest
  /// Seconds of the window of traffic that was begun last: so long an answer may take.
  private let window = Mutex(0.0)

  package init(_ guest: Guest) { self.guest = guest }

  /// Seconds that an answer may take besides the work itself: a guest in emulation is slow.
  private static let patience = 20.0

  /// - Throws: ``GuestError``; `.refused` if the agent says why not.
  package func ask(_ request: AgentRequest, work seconds: Double = 0) throws -> AgentReply {
    let answer = try guest.call(
      Array(JSONEncoder().encode(request)), within: seconds + Self.patience)
    let reply: AgentReply
    do {
      reply = try JSONDecoder().decode(AgentReply.self, from: Data(answer))
    } catch {
      throw guest.give(up: "its answer makes no sense")
    }
    if case .failed(let words) = reply { throw GuestError.refused(words) }
    return reply
  }

  /// Runs a program of the guest.
  package func run(_ program: String, _ arguments: [String] = [], within seconds: Double = 60)
    throws -> ProgramRun
  {
    let request = AgentRequest.run([program] + arguments, seconds: seconds)
    guard case .ran(let run) = try ask(request, work: seconds) else { throw nonsense }
    return run
  }

  package func write(_ text: String, to path: String) throws {
    _ = try ask(.write(path: path, text: text))
  }

  package func read(_ path: String) throws -> String {
    guard case .text(let text) = try ask(.read(path: path)) else { throw nonsense }
    return text
  }

  /// The names in a folder, sorted; none if there is no such folder.
  package func list(_ folder: String) throws -> [String] {
    guard case .names(let names) = try ask(.list(path: folder)) else { throw nonsense }
    return names
  }

  /// The driver of a NIC.
  package func driver(of device: String) throws -> String {
    let uevent = try read("/sys/class/net/\(device)/device/uevent")
    let line = uevent.split(separator: "\n").first { $0.hasPrefix("DRIVER=") }
    return line.map { String($0.dropFirst(7)) } ?? ""
  }

  /// Sets a NIC up; its carrier comes later.
  package func configure(_ interface: AgentInterface) throws { _ = try ask(.configure(interface)) }

  package func setUp(_ isUp: Bool, _ device: String) throws {
    _ = try ask(.setUp(isUp, device: device))
  }

  package func waitForCarrier(of device: String, within seconds: Double) throws {
    _ = try ask(.waitForCarrier(device: device, seconds: seconds), work: seconds)
  }

  private var nonsense: GuestError { guest.give(up: "it answers another question") }
}

extension GuestAgent: TuningPeer {
  package func call(_ request: TuningRequest) throws -> TuningReply {
    // A change of queues, or of the MTU, takes some drivers seconds in emulation.
    guard case .tuning(let reply) = try ask(.tuning(request), work: 60) else { throw nonsense }
    return reply
  }
}

extension GuestAgent: TrafficPeer {
  package func time() throws -> MonotonicTime {
    let answer = try guest.call([], within: Self.patience)
    guard let time = MonotonicTime(answer: answer) else { throw nonsense }
    return time
  }

  package func call(_ request: TrafficRequest) throws -> TrafficReply {
    if case .startSending(_, let nanoseconds) = request {
      window.withLock { $0 = Double(nanoseconds) / 1e9 }
    }
    let seconds = window.withLock { $0 }
    guard case .traffic(let reply) = try ask(.traffic(request), work: seconds) else {
      throw nonsense
    }
    return reply
  }
}
