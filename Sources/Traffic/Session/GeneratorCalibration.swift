package import Kernel

/// What a sender makes if nothing holds it up: the same code, frame, threads, batch and CPUs, into a
/// device that swallows frames.
package struct GeneratorCalibration: Hashable, Sendable {
  private let workload: Workload
  private let frameBytes: Int
  private let cpus: [Int]

  private static let slices = 5
  private static let slice: UInt64 = 20_000_000

  /// Nil where no such sink stands for the path: round trips and connections, whose rate is no
  /// generator's, streams, frames that a guest sends, and those that a driver takes without a copy.
  /// Nil also where frames go both ways at once: each sender shares its CPU with the receivers of the
  /// other direction, so what it makes alone says nothing.
  ///
  /// - Parameter placement: the way back is sent where the way there is received.
  package init?(of workload: Workload, frameBytes: Int, placement: Placement) {
    guard [.flood, .rate, .burst].contains(workload.kind) else { return nil }
    switch workload.direction {
    case .toReceiver: cpus = placement.senders
    case .toSender where !workload.datapath.hasPhantomGuest: cpus = placement.receivers
    case .toSender, .both: return nil
    }
    switch workload.datapath {
    case .packet, .udp: self.workload = Self.flood(of: workload, on: workload.datapath)
    case .xdp where !workload.zerocopy: self.workload = Self.flood(of: workload, on: .xdp)
    // The outside host's end is a packet socket.
    case .tap, .macvtap, .vhost: self.workload = Self.flood(of: workload, on: .packet)
    case .xdp, .tcp: return nil
    }
    self.frameBytes = frameBytes
  }

  /// The part of a workload that makes a difference, so that equal senders are equal values.
  private static func flood(of workload: Workload, on datapath: Datapath) -> Workload {
    var flood = workload
    (flood.name, flood.datapath, flood.kind) = ("calibration", datapath, .flood)
    (flood.rate, flood.load, flood.burst) = (nil, nil, 64)
    flood.transmit = TransmitChoice.settled(for: workload) ?? workload.transmit
    flood.direction = .toReceiver
    return flood
  }

  package var threads: Int { workload.threads }
  /// Bytes of the payload of a frame.
  package var mtu: Int { max(68, frameBytes - FrameLayout.ethernetBytes) }

  /// Frames per second: the best of five windows of 20 ms.
  package func measure(from entrance: Endpoint, to target: Endpoint) throws -> Double {
    let destinations =
      workload.datapath == .udp
      ? (0..<workload.threads).compactMap { thread in
        target.ipv4.map { SocketAddress($0, port: TrafficService.firstPort + UInt16(thread)) }
      } : []
    let half = HalfRequest(
      role: .sending, device: entrance.device.name, workload: workload, frameBytes: frameBytes,
      run: 0, peer: target.address, destinations: destinations)
    let sending = try LocalEnd(endpoint: entrance, cpus: cpus, firstPort: 0)
      .opener(workload.datapath).sending(half, issued: nil)
    defer { sending.close() }
    var best = 0.0
    for _ in 0..<Self.slices {
      _ = try sending.begin()
      try sending.start(nanoseconds: Self.slice)
      let sent = try sending.finish().1.sent
      guard let first = sent.first, let last = sent.last, last > first else { continue }
      best = max(best, Double(sent.offered) * 1e9 / Double(last - first))
    }
    return best
  }
}
