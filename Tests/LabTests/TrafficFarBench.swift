import Foundation
import Kernel
import Lab
import Synchronization

@testable import Traffic

/// A service of this process, asked as if it were another machine: everything crosses as JSON, and
/// its clock is wrong.
final class FarBench: TrafficPeer {
  let service: TrafficService
  /// Nanoseconds that the far clock is ahead.
  let ahead: Int64
  private let asked = Mutex(0)

  /// Not counting questions of the time.
  var requests: Int { asked.withLock { $0 } }

  init(
    ahead: Int64 = 0, device: @escaping @Sendable (String) throws -> TrafficDevice
  ) {
    service = TrafficService(device: device)
    self.ahead = ahead
  }

  /// Plays the receiving end of a lab.
  convenience init(_ lab: Lab, ahead: Int64 = 0, arriving: [DropCounter] = []) {
    self.init(ahead: ahead) { name in
      guard name == lab.receiver.device.name else {
        throw NoDevice(name: name)
      }
      return TrafficDevice(
        endpoint: lab.receiver, mtu: { 1500 }, arriving: arriving, leaving: [])
    }
  }

  struct NoDevice: Error { let name: String }

  func time() -> MonotonicTime { shifted(service.time()) }

  func call(_ request: TrafficRequest) throws -> TrafficReply {
    asked.withLock { $0 += 1 }
    let question = try JSONEncoder().encode(request)
    let reply = service.call(try JSONDecoder().decode(TrafficRequest.self, from: question))
    let answer = try JSONEncoder().encode(shifted(reply))
    return try JSONDecoder().decode(TrafficReply.self, from: answer)
  }

  private func shifted(_ reply: TrafficReply) -> TrafficReply {
    switch reply {
    case .received(let found): return .received(shifted(found))
    case .sent(let end, let found): return .sent(end, shifted(found))
    default: return reply
    }
  }

  private func shifted(_ found: Findings) -> Findings {
    var found = found
    found.sent.first = found.sent.first.map(shifted)
    found.sent.last = found.sent.last.map(shifted)
    found.received.last = found.received.last.map(shifted)
    return found
  }

  private func shifted(_ time: MonotonicTime) -> MonotonicTime {
    MonotonicTime(nanoseconds: time.nanoseconds &+ UInt64(bitPattern: ahead))
  }
}

extension Traffic.Route {
  /// The way through a lab whose receiving end is asked through a peer.
  init(_ lab: Lab, to peer: any TrafficPeer, drops: [DropCounter]? = nil) throws {
    let end = try RemoteEnd(peer, device: lab.receiver.device.name)
    self.init(
      sender: .local(lab.sender), receiver: .remote(end), drops: drops ?? lab.drops,
      reverseDrops: lab.reverseDrops, mtu: 1500)
  }
}
