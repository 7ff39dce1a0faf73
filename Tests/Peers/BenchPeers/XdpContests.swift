import Traffic

/// AF_XDP in copy mode against C loops. A queue belongs to one socket only, so each side has a
/// network of its own, one like the other.
struct XdpContests {
  let ours: Ground
  let theirs: Ground
  let milliseconds: Int

  var all: [Contest] { [send(threads: 1), send(threads: 2), receive] }

  private func send(threads: Int) -> Contest {
    Contest(name: "AF_XDP send 60 B, \(threads) CPU", peer: "C AF_XDP", bar: 0.99) {
      let cpus = Array(0..<threads)
      let senders = try LoneSenders(
        Workload(name: "bench", datapath: .xdp, kind: .flood, threads: threads),
        at: ours.sender, to: ours.nobody, cpus: cpus, frameBytes: 60)
      let loop = try PeerLoop(
        "xdp-send", on: theirs.sender.device,
        frame: theirs.frame(60, from: theirs.sender.address, to: theirs.nobody), cpus: cpus)
      return (
        ours: {
          try Ground.judged(ours.received) {
            try senders.send(nanoseconds: UInt64(milliseconds) * 1_000_000).nanoseconds
          }
        },
        peer: {
          try Ground.judged(theirs.received) {
            try loop.start(milliseconds: milliseconds)
            return try loop.finish().nanoseconds
          }
        }
      )
    }
  }

  private var receive: Contest {
    Contest(
      name: "AF_XDP receive 60 B, one CPU with the sender", peer: "C AF_XDP counter", bar: 0.9
    ) {
      // Frames of one flow come to one queue: that of the sending CPU.
      let packet = Workload(
        name: "bench", datapath: .packet, kind: .flood, bypassQdisc: true, transmit: .calls)
      let senders = try [ours, theirs].map {
        try LoneSenders(
          packet, at: $0.sender, to: $0.receiver.address, cpus: [0], frameBytes: 60)
      }
      let receivers = try LoneReceivers(
        Workload(name: "bench", datapath: .xdp, kind: .flood), at: ours.receiver,
        from: senders[0], peer: ours.sender.address, cpus: [0], frameBytes: 60)
      let loop = try PeerLoop(
        "xdp-receive", on: theirs.receiver.device, frame: [0], cpus: [0])
      return PacketContests.sides(
        senders[0], receivers, (senders[1], loop), milliseconds: milliseconds)
    }
  }
}
