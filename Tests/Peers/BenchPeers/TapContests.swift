import Kernel
import Traffic

/// The queue of a TAP against C loops on the very same queue.
struct TapContests {
  let ground: Ground
  let milliseconds: Int

  var all: [Contest] {
    [write(60, bar: 0.99), write(1514, bar: nil), read(60, bar: 0.99), read(1514, bar: nil)]
  }

  private func write(_ bytes: Int, bar: Double?) -> Contest {
    Contest(name: "TAP write \(bytes) B, 1 CPU", peer: "C write()", bar: bar) {
      let tap = try queue()
      let guest = ground.receiver
      let theirs = try PeerLoop(
        "tap-write", on: guest.device,
        frame: ground.frame(bytes, from: guest.address, to: ground.nobody), cpus: [0],
        descriptor: tap)
      let ours = try LoneSenders(
        workload(bytes, .toSender), at: guest, to: ground.nobody, cpus: [0], frameBytes: bytes)
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

  /// From the TAP's host side into its ring, by packet socket on the other CPU.
  private func read(_ bytes: Int, bar: Double?) -> Contest {
    Contest(name: "TAP read \(bytes) B, 1 CPU", peer: "C read()", bar: bar) {
      let guest = ground.receiver
      let host = Endpoint(device: guest.device, address: ground.nobody)
      let senders = try LoneSenders(
        Workload(
          name: "bench", datapath: .packet, kind: .flood, bypassQdisc: true, transmit: .calls),
        at: host, to: guest.address, cpus: [0], frameBytes: bytes)
      let receivers = try LoneReceivers(
        workload(bytes, .toReceiver), at: guest, from: senders, peer: ground.nobody, cpus: [1],
        frameBytes: bytes)
      let theirs = try PeerLoop(
        "tap-read", on: guest.device, frame: [0], cpus: [1], descriptor: try queue())
      return PacketContests.sides(
        senders, receivers, (senders, theirs), milliseconds: milliseconds)
    }
  }

  private func workload(_ bytes: Int, _ direction: Direction) -> Workload {
    Workload(
      name: "bench", datapath: .tap, kind: .flood, frame: .bytes(bytes), direction: direction)
  }

  private func queue() throws -> CInt {
    guard let queue = ground.receiver.tap?.queues.first else {
      throw BenchError("the network has no TAP")
    }
    return queue
  }
}
