import Kernel
import Lab
import Sweep
import TestSupport
import Testing

@testable import Traffic

/// The kernel's packet generator says how many frames it sent: our receivers, to whom they are
/// strangers, have to agree frame for frame (Documentation/networking/pktgen.rst).
@Suite(.serialized, .enabled(if: GuestTier.isOn, "\(GuestTier.reason)"))
struct PktgenTests {
  /// Slower and slower, until the receiver of a busy machine keeps up: then it counts every frame.
  @Test func pacedFramesAreAllCounted() throws {
    try GuestBench.withGuest(GuestDefinition(interfaces: [])) { agent in
      let generator = try PacketGenerator(in: agent)
      for (frames, bytes, threads) in [(20_000, 60, 1), (20_000, 60, 2), (5_000, 1514, 1)] {
        var missing = UInt64.max
        var delay = 200_000
        while missing > 0, delay <= 1_600_000 {
          let run = try generator.run(frames, bytes: bytes, delay: delay, threads: threads)
          missing = run.received.overrun + run.dropped
          delay *= 2
        }
        #expect(missing == 0, "\(frames) frames of \(bytes) bytes, threads: \(threads)")
      }
    }
  }

  /// More and more frames, until the receiver has no room for some, if it ever has none: those are
  /// counted as well.
  @Test func atFullSpeedWhatIsMissingHasAName() throws {
    try GuestBench.withGuest(GuestDefinition(interfaces: [])) { agent in
      let generator = try PacketGenerator(in: agent)
      var overrun: UInt64 = 0
      var frames = 25_000
      while overrun == 0, frames <= 100_000 {
        overrun = try generator.run(frames, bytes: 1514, delay: 0, threads: 1).received.overrun
        frames *= 2
      }
      // A receiver that always keeps up has nothing to explain; every run was checked.
      // A short backlog before another CPU is full long before the ring.
      try agent.write("10", to: "/proc/sys/net/core/netdev_max_backlog")
      try agent.write("2", to: "/sys/class/net/pg1/queues/rx-0/rps_cpus")
      #expect(try generator.run(25_000, bytes: 60, delay: 0, threads: 1).dropped > 0)
    }
  }
}

/// A veth in a guest with the kernel's generator at one end and a receiver of ours at the other.
private struct PacketGenerator {
  let agent: GuestAgent
  let source: FarEndpoint
  let sink: FarEndpoint

  private static let folder = "/proc/net/pktgen"

  struct Run {
    /// By the generator's own count.
    let sent: UInt64
    /// Those that the veth took and said it had dropped, if it says so: not every kernel's does.
    let refused: UInt64
    let received: ReceiveReport
    /// By the drop counters behind the device.
    let dropped: UInt64
  }

  init(in agent: GuestAgent) throws {
    self.agent = agent
    // Nobody but the generator is to speak.
    try agent.write("1", to: "/proc/sys/net/ipv6/conf/default/disable_ipv6")
    for words in ["add pg0 type veth peer name pg1", "set pg0 up", "set pg1 up"] {
      let made = try agent.run("ip", ["link"] + words.split(separator: " ").map(String.init))
      try #require(made.succeeded, "ip link \(words): \(made.errors)")
    }
    source = try Self.endpoint("pg0", agent)
    sink = try Self.endpoint("pg1", agent)
    try command("add_device pg0", to: "kpktgend_0")
  }

  /// Sends `frames` at once, or with so many nanoseconds from one to the next; every one of them is
  /// received or dropped, as a stranger's.
  func run(_ frames: Int, bytes: Int, delay: Int, threads: Int) throws -> Run {
    // Flows of all ports, for whom the receivers' threads share the work. The address is one of
    // documentation (RFC 5737), as far from that of our frames as that of any stranger.
    for line in [
      "count \(frames)", "pkt_size \(bytes)", "delay \(delay)", "clone_skb 0",
      "dst_mac \(sink.address)", "dst 203.0.113.9", "flag UDPSRC_RND", "udp_src_min 1024",
      "udp_src_max 65535",
    ] {
      try command(line, to: "pg0")
    }
    let half = try receiver(bytes, threads)
    defer { _ = try? agent.call(.close(half: half)) }
    let before = try drops()
    let none = SendingEnd.nothing(threads: threads)
    _ = try agent.call(
      .startReceiving(half: half, first: none.next, patience: 100_000_000))
    // Answered when all is sent.
    let seconds = Double(frames * delay) / 1e9
    _ = try agent.ask(.write(path: "\(Self.folder)/pgctrl", text: "start\n"), work: seconds)
    // One frame of ours that never comes: they wait as long as they are patient.
    var end = none
    end.offered[0] = 1
    var found = try received(.finishReceiving(half: half, end))
    while true {
      let more = try received(.waitOn(half: half, patience: 100_000_000))
      if more == found { break }
      found = more
    }
    let run = Run(
      sent: try count("pkts-sofar:"), refused: try count("errors:"), received: found,
      dropped: try drops() - before)
    #expect(run.sent == UInt64(frames) && found.foreign > 0, "\(run)")
    #expect(found.foreign + found.overrun + run.dropped == run.sent + run.refused, "\(run)")
    #expect(found.delivered == 0 && found.late == 0 && found.corrupt == 0, "\(run)")
    return run
  }

  private func receiver(_ bytes: Int, _ threads: Int) throws -> Int {
    let reply = try agent.call(
      .open(
        HalfRequest(
          role: .receiving, device: "pg1",
          workload: Workload(
            name: "pktgen", datapath: .packet, kind: .flood, frame: .bytes(bytes),
            threads: threads, flows: threads),
          frameBytes: bytes, run: 7, peer: source.address)))
    guard case .opened(let half, _) = reply else { throw Unexpected(reply: "\(reply)") }
    return half
  }

  private func received(_ request: TrafficRequest) throws -> ReceiveReport {
    let reply = try agent.call(request)
    guard case .received(let found) = reply else { throw Unexpected(reply: "\(reply)") }
    return found.received
  }

  private func drops() throws -> UInt64 {
    let reply = try agent.call(.drops(device: "pg1", leaving: false))
    guard case .drops(let counts) = reply else { throw Unexpected(reply: "\(reply)") }
    return counts.reduce(0, +)
  }

  /// What stands behind a name in the generator's report.
  private func count(_ name: String) throws -> UInt64 {
    let words = try agent.read("\(Self.folder)/pg0").split(whereSeparator: \.isWhitespace)
    let place = try #require(words.firstIndex { $0 == name }, "\(words)")
    return try #require(UInt64(words[place + 1]))
  }

  /// The generator reads whole lines.
  private func command(_ line: String, to file: String) throws {
    try agent.write(line + "\n", to: "\(Self.folder)/\(file)")
  }

  private static func endpoint(_ name: String, _ agent: GuestAgent) throws -> FarEndpoint {
    let reply = try agent.call(.endpoint(device: name))
    guard case .endpoint(let found) = reply else { throw Unexpected(reply: "\(reply)") }
    return found
  }

  struct Unexpected: Error { let reply: String }
}
