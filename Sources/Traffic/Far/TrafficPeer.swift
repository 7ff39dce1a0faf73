package import Kernel

/// Another machine that can play one end of traffic: asked here, answered there by a
/// ``TrafficService``.
package protocol TrafficPeer: Sendable {
  /// Its `CLOCK_MONOTONIC`, by the shortest way that there is: how well the clocks can be compared
  /// is decided by how long the answer takes. Throws what the transport throws.
  func time() throws -> MonotonicTime
  /// Carries a request there and the reply back. Throws what the transport throws; a request
  /// that failed there is a reply.
  func call(_ request: TrafficRequest) throws -> TrafficReply
}

/// What one machine asks of another. A half is known by the number that it was opened with.
package enum TrafficRequest: Sendable, Hashable, Codable {
  /// The CPU time that it has used so far.
  case cpu
  /// What a device there is.
  case endpoint(device: String)
  /// The counters of frames dropped behind a device that takes them in, or before one that sends.
  case drops(device: String, leaving: Bool)
  case open(HalfRequest)
  /// Begins a window and receives. `first` has the lowest number of each sending thread.
  case startReceiving(half: Int, first: [UInt64], patience: UInt64)
  /// The senders have ended; answered when all is there or nothing more comes.
  case finishReceiving(half: Int, SendingEnd)
  case waitOn(half: Int, patience: UInt64)
  /// Begins a window and sends.
  case startSending(half: Int, nanoseconds: UInt64)
  /// Answered when all has been sent.
  case finishSending(half: Int)
  case startReflecting(half: Int, sleeping: Bool)
  case finishReflecting(half: Int)
  case park(half: Int)
  case close(half: Int)
}

package enum TrafficReply: Sendable, Codable {
  case done
  case cpu(CPUReading)
  case endpoint(FarEndpoint)
  /// In the order of ``FarEndpoint``.
  case drops([UInt64])
  /// The number of the half, and where its sockets listen.
  case opened(half: Int, ports: [UInt16])
  case sent(SendingEnd, Findings)
  case received(Findings)
  case failed(TrafficFailure)
}

/// A half of traffic that another machine is to open.
package struct HalfRequest: Sendable, Hashable, Codable {
  package enum Role: String, Sendable, Codable { case sending, receiving, reflecting }

  package var role: Role
  package var device: String
  package var workload: Workload
  package var frameBytes: Int
  package var run: UInt16
  /// The hardware address of the other end.
  package var peer: MACAddress
  /// Where the other half's sockets listen, one for each thread; empty if they do not.
  package var destinations: [SocketAddress]

  package init(
    role: Role, device: String, workload: Workload, frameBytes: Int, run: UInt16,
    peer: MACAddress, destinations: [SocketAddress] = []
  ) {
    self.role = role
    self.device = device
    self.workload = workload
    self.frameBytes = frameBytes
    self.run = run
    self.peer = peer
    self.destinations = destinations
  }
}

/// What a device of another machine is.
package struct FarEndpoint: Sendable, Hashable, Codable {
  package var address: MACAddress
  package var ipv4: String?
  package var mtu: Int
  /// Hops at which frames that it took in can be lost, and those before it sends.
  package var arriving: [String]
  package var leaving: [String]
}

/// Why a request failed on another machine.
package struct TrafficFailure: Error, Sendable, Hashable, Codable, CustomStringConvertible {
  /// One line.
  package let message: String
  /// The kernel's error number there, if it was the kernel that refused.
  package let errno: Int32?

  package init(_ message: String, errno: Int32? = nil) {
    self.message = message
    self.errno = errno
  }

  init(_ error: any Error) {
    self.init("\(error)", errno: (error as? SystemCallError)?.errno.rawValue)
  }

  package var description: String { "far end: \(message)" }
}
