/// What traffic does on a datapath.
package enum WorkloadKind: String, Sendable, Codable, CaseIterable {
  /// As many frames as the kernel takes.
  case flood
  /// Frames on an absolute schedule.
  case rate
  /// Bursts of frames back to back, with idle gaps between them.
  case burst
  /// Frames on a schedule, each sent back by the other end; the round trip is measured.
  case latency
  /// Bytes over TCP, as many as the connection takes.
  case stream
  /// A request over TCP, its response, the next request: ping-pong, as many as there is time for.
  case requestResponse = "request-response"
  /// TCP connections, opened and closed one after the other, as many as the other end accepts.
  case connect

  /// Whether one half sends and the other sends back.
  package var isRoundTrip: Bool { self == .latency || self == .requestResponse }

  /// Whether it has frames of its own to count, and not the kernel's TCP.
  package var isOfFrames: Bool { [.flood, .rate, .burst, .latency].contains(self) }
}
