import Kernel
import Measurement
import TestSupport
import Traffic

/// Bits a second against iperf3: sockets over a veth, and super-frames out of a guest.
struct StreamContests {
  let ground: Ground
  /// With the TAP a port of the bridge.
  let bridged: Ground
  let window: Window

  var all: [Contest] {
    [
      tcp, udp(isReceived: false), udp(isReceived: true),
      superFrames(counted: false, against: .relayedTap, bar: 1.0),
      superFrames(counted: true, against: .relayedTap, bar: 1.0),
      superFrames(counted: true, against: .veth),
      superFrames(counted: true, against: .veth, isPinned: false),
    ]
  }

  // MARK: Sockets

  private var tcp: Contest {
    sockets(
      "tcp, 1 connection", "iperf3", bar: 1.0,
      Workload(name: "bench", datapath: .tcp, kind: .stream), [],
      bits: { try ground.receivedBytes() * 8 })
  }

  /// - Parameter isReceived: only datagrams that the receiving program has read count; else all
  ///   that came to the device, for which a socket may have had no room.
  private func udp(isReceived: Bool) -> Contest {
    sockets(
      "udp 1514 B, 1 flow, " + (isReceived ? "received" : "sent"), "iperf3 -u -l 1472", bar: nil,
      Workload(name: "bench", datapath: .udp, kind: .flood, frame: .bytes(1514)),
      ["--udp", "--length", "1472", "--bitrate", "0"],
      bits: {
        try isReceived ? ground.readDatagrams() * 1514 * 8 : ground.receivedBytes() * 8
      })
  }

  private func sockets(
    _ name: String, _ peer: String, bar: Double?, _ workload: Workload, _ options: [String],
    bits: @escaping () throws -> UInt64
  ) -> Contest {
    Contest(
      name: name, peer: peer, bar: bar,
      open: {
        let client = try Window.find("iperf3")
        let session = try open(workload, on: ground)
        let words =
          ["--client", ground.receiver.ipv4 ?? "", "--time", "30", "--affinity", "0,1"] + options
        return (
          ours: { try window.beside({ _ = try session.measure(seconds: Double($0) / 1e9) }, bits) },
          peer: {
            try Server.listening(at: ground.receiver) {
              try window.running(
                client, words, lead: 0.6, in: ground.sender.device.namespace, bits)
            }
          }
        )
      }, turns: 1, unit: .bits)
  }

  private func open(_ workload: Workload, on ground: Ground) throws -> TrafficSession {
    try TrafficSession(
      workload,
      over: Route(
        sender: ground.sender, receiver: ground.receiver, drops: [], reverseDrops: [], mtu: 1500),
      placement: Placement(senders: [0], receivers: [1]), runID: 1)
  }

  // MARK: Super-frames

  /// As many frames as one super-frame of 64 KiB holds, written into the TAP, over the bridge and
  /// out of the host.
  private static let workload = Workload(
    name: "bench", datapath: .tap, kind: .flood, frame: .bytes(1514), direction: .toSender,
    segments: 44)

  /// - Parameters:
  ///   - counted: ours receives, checks and counts every frame, and what it counted is its rate;
  ///     else ours only sends, and the device at the end counts.
  ///   - isPinned: iperf3 is on CPUs like ours, else wherever the kernel puts it.
  private func superFrames(
    counted: Bool, against nic: BridgedGuest.NIC, isPinned: Bool = true, bar: Double? = nil
  ) -> Contest {
    let peer =
      switch nic {
      case .relayedTap: "iperf3 TCP, guest behind a copying TAP"
      case .veth: "iperf3 TCP, a veth in the TAP's place"
      }
    return Contest(
      name: "TAP super-frames 44 × 1514 B, " + (counted ? "received" : "sent"),
      peer: peer + (isPinned ? "" : ", any CPU"), bar: bar,
      open: {
        let client = try Window.find("iperf3")
        let ours = counted ? try receiving() : try sending()
        let guest = try BridgedGuest(nic, on: bridged)
        let cpus = isPinned ? ["--affinity", "0,1"] : []
        let words = ["--client", BridgedGuest.server, "--time", "30"] + cpus
        let lead = 0.6
        return (
          ours: ours,
          peer: {
            try Server.listening(at: bridged.sender, isPinned: isPinned) {
              try guest.reached(seconds: lead + window.seconds + 0.3) {
                try window.running(client, words, lead: lead, in: guest.namespace) {
                  try bridged.returnedBytes() * 8
                }
              }
            }
          }
        )
      }, turns: 1, unit: .bits)
  }

  /// Frames go to an address that nobody has.
  private func sending() throws -> () throws -> Double {
    let senders = try LoneSenders(
      Self.workload, at: bridged.receiver, to: bridged.nobody, cpus: [0], frameBytes: 1514)
    return {
      try window.beside({ _ = try senders.send(nanoseconds: $0) }) {
        try bridged.returnedBytes() * 8
      }
    }
  }

  /// Only what the frames carry counts, as a super-frame has its headers once.
  private func receiving() throws -> () throws -> Double {
    let session = try open(Self.workload, on: bridged)
    return {
      let sample = try session.measure(seconds: window.seconds)
      if BenchPeers.isVerbose { print("ours", sample.metrics, sample.drops) }
      let wrong = [Metric.corrupt, .foreign, .duplicated].compactMap { sample.metrics[$0] }
      guard wrong.allSatisfy({ $0 == 0 }) else {
        throw BenchError("frames that nobody sent: \(sample.metrics)")
      }
      return (sample.metrics[.delivered] ?? 0) * 1472 * 8 / sample.duration
    }
  }
}

/// An iperf3 that listens: a new one for each slice, as one that has not seen the end of the last
/// client refuses the next. It ends with this process at the latest.
private struct Server {
  private static let port = 5201

  static func listening<Result>(
    at end: Endpoint, isPinned: Bool = true, _ body: () throws -> Result
  ) throws -> Result {
    let namespace = end.device.namespace
    let iperf3 = try Window.find("iperf3")
    let bound = Program("/usr/bin/setpriv", prefix: ["--pdeathsig", "KILL", iperf3.path])
    let server = try bound.inNamespace(namespace.name ?? "").start(
      ["--server", "--one-off", "--port", "\(port)"] + (isPinned ? ["--affinity", "1"] : []))
    defer {
      server.process.terminate()
      _ = try? server.wait()
    }
    let limit = MonotonicTime.now().advanced(5)
    while try !isOpen(in: namespace) {
      guard server.process.isRunning, MonotonicTime.now() < limit else {
        throw BenchError("the server of iperf3 does not listen")
      }
      MonotonicTime.now().advanced(0.01).sleepUntil()
    }
    return try body()
  }

  /// Whether somebody listens: state 0A in the kernel's list of sockets, which has ports in
  /// hexadecimal.
  private static func isOpen(in namespace: NetworkNamespace) throws -> Bool {
    let lists = try namespace.run {
      try ["tcp", "tcp6"].map { "/proc/thread-self/net/\($0)" }
        .filter { HostFiles.live.exists($0) }.map { try HostFiles.live.read($0) }
    }
    return lists.joined(separator: "\n").split(separator: "\n").contains { line in
      let words = line.split(separator: " ")
      return words.count > 3 && words[1].hasSuffix(":" + String(port, radix: 16))
        && words[3] == "0A"
    }
  }
}
