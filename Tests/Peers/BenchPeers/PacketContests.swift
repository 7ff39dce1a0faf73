import Kernel
import Traffic

/// Packet sockets against C loops, on the sending and on the receiving side.
struct PacketContests {
  let ground: Ground
  /// Of one slice.
  let milliseconds: Int

  var all: [Contest] {
    sending + [receiving(sharing: true), receiving(sharing: false)]
  }

  private var sending: [Contest] {
    let peers: [(name: String, loop: String, method: TransmitMethod, bypass: Bool)] = [
      ("send()", "send", .calls, false),
      ("sendmmsg(64)", "sendmmsg", .calls, false),
      ("sendmmsg(64)", "sendmmsg", .calls, true),
      ("TX ring V2, pages", "tx-ring", .ring, false),
      ("TX ring V2, one piece", "tx-ring-linear", .ring, false),
      ("TX ring V2, one piece", "tx-ring-linear", .ring, true),
    ]
    let small = [1, 2].flatMap { threads in
      peers.map { send(60, threads, against: $0.name, $0.loop, $0.method, $0.bypass, bar: 0.97) }
    }
    let large = peers.filter { !$0.bypass && $0.loop != "send" }.map {
      send(1514, 1, against: $0.name, $0.loop, $0.method, $0.bypass, bar: nil)
    }
    return small + large
  }

  private func send(
    _ bytes: Int, _ threads: Int, against peer: String, _ loop: String, _ method: TransmitMethod,
    _ bypass: Bool, bar: Double?
  ) -> Contest {
    let cpus = Array(0..<threads)
    return Contest(
      name: "packet \(bytes) B, \(threads) CPU, \(method.rawValue)" + (bypass ? ", bypass" : ""),
      peer: "C " + peer, bar: bar
    ) {
      let frame = ground.frame(bytes, from: ground.sender.address, to: ground.nobody)
      let theirs = try PeerLoop(
        loop, on: ground.sender.device, frame: frame, cpus: cpus, bypass: bypass)
      let ours = try LoneSenders(
        Workload(
          name: "bench", datapath: .packet, kind: .flood, frame: .bytes(bytes), threads: threads,
          bypassQdisc: bypass, transmit: method),
        at: ground.sender, to: ground.nobody, cpus: cpus, frameBytes: bytes)
      return (
        ours: {
          try Ground.judged(ground.received) {
            try ours.send(nanoseconds: UInt64(milliseconds) * 1_000_000).nanoseconds
          }
        },
        peer: {
          try Ground.judged(ground.received) {
            try theirs.start(milliseconds: milliseconds)
            return try theirs.finish().nanoseconds
          }
        }
      )
    }
  }

  /// Frames of ours are counted: with what each of them says looked at, or just so.
  ///
  /// - Parameter sharing: sender and receiver on one CPU, so that what the receiver costs shows.
  private func receiving(sharing: Bool) -> Contest {
    Contest(
      name: "receive 60 B, " + (sharing ? "one CPU with the sender" : "a CPU of its own"),
      peer: "C TPACKET_V3 counter", bar: sharing ? 0.9 : nil
    ) {
      let cpu = sharing ? 0 : 1
      let workload = Workload(
        name: "bench", datapath: .packet, kind: .flood, transmit: .calls)
      let senders = try LoneSenders(
        workload, at: ground.sender, to: ground.receiver.address, cpus: [0], frameBytes: 60)
      let receivers = try LoneReceivers(
        workload, at: ground.receiver, from: senders, peer: ground.sender.address, cpus: [cpu],
        frameBytes: 60)
      let theirs = try PeerLoop(
        "rx-ring", on: ground.receiver.device, frame: [0], cpus: [cpu])
      return Self.sides(
        senders, receivers, (senders, theirs), milliseconds: milliseconds)
    }
  }

  /// Ours sends to both. A receiver's rate: what it counted, from the first frame sent to the last received.
  static func sides(
    _ senders: LoneSenders, _ receivers: LoneReceivers,
    _ peer: (senders: LoneSenders, loop: PeerLoop), milliseconds: Int
  ) -> (ours: () throws -> Double, peer: () throws -> Double) {
    let nanoseconds = UInt64(milliseconds) * 1_000_000
    return (
      ours: {
        let (sent, received) = try receivers.receive(nanoseconds: nanoseconds)
        guard received.corrupt + received.foreign + received.duplicated + received.late == 0 else {
          throw BenchError("frames that nobody sent: \(received)")
        }
        if BenchPeers.isVerbose { print("ours", sent.offered, sent.nanoseconds, received) }
        return rate(received.delivered, sent, received.last)
      },
      peer: {
        // It goes on until what is under way has come.
        try peer.loop.start(milliseconds: milliseconds + 40)
        (MonotonicTime.now() + 10_000_000).sleepUntil()
        let sent = try peer.senders.send(nanoseconds: nanoseconds)
        let slice = try peer.loop.finish()
        if BenchPeers.isVerbose { print("peer", sent.offered, sent.nanoseconds, slice) }
        return rate(slice.frames, sent, slice.last)
      }
    )
  }

  private static func rate(_ frames: UInt64, _ sent: SendReport, _ last: MonotonicTime?) -> Double {
    guard let first = sent.first, let last = [sent.last, last].compactMap({ $0 }).max() else {
      return 0
    }
    return Double(frames) * 1e9 / Double(max(last - first, 1))
  }
}
