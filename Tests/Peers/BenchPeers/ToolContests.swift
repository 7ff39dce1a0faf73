import Foundation
import Kernel
import TestSupport
import Traffic

/// Programs that run for seconds: equal windows of theirs and ours in turns, and the receiving
/// device counts both.
struct ToolContests {
  let ground: Ground
  let tap: Ground
  /// Of one window.
  let seconds: Double
  let folder: TemporaryFolder

  var all: [Contest] {
    [1, 2].flatMap { cpus in
      [
        trafgen(cpus, "ring", []),
        // A rate that is never reached makes it send frame by frame.
        trafgen(cpus, "sendto()", ["--rate", "100000000pps"]),
      ]
    } + [trafgenBesideXdp, xdpTrafficgen, testpmd, testpmdTap, streams(.tcp), streams(.udp)]
  }

  /// Two queues, two threads, in copy mode.
  private var trafgenBesideXdp: Contest {
    contest(
      "AF_XDP 60 B, 2 CPU", "trafgen, ring", cpus: 2, bar: 1.3, tool: "trafgen", datapath: .xdp
    ) { try trafgenWords(2) }
  }

  private func trafgenWords(_ cpus: Int) throws -> [String] {
    let frame = ground.frame(60, from: ground.sender.address, to: ground.nobody)
    let octets = frame.map { String(format: "0x%02x", $0) }.joined(separator: ", ")
    let file = try folder.file("frame.cfg", "{ \(octets) }\n")
    return ["--dev", ground.sender.device.name, "--conf", file, "--cpus", "\(cpus)"]
      + ["--no-cpu-stats"]
  }

  private func trafgen(_ cpus: Int, _ mode: String, _ options: [String]) -> Contest {
    contest(
      "packet 60 B, \(cpus) CPU, auto, bypass", "trafgen, " + mode, cpus: cpus, bar: 1.1,
      tool: "trafgen"
    ) {
      try trafgenWords(cpus) + options
    }
  }

  private var xdpTrafficgen: Contest {
    contest(
      "packet 60 B, 1 CPU, auto, bypass", "xdp-trafficgen udp", cpus: 1, bar: nil,
      tool: "xdp-trafficgen"
    ) {
      ["udp", ground.sender.device.name, "-m", ground.sender.address.description]
        + ["-M", ground.nobody.description, "-t", "1"]
    }
  }

  private var testpmd: Contest {
    contest(
      "packet 60 B, 1 CPU, auto, bypass", "DPDK testpmd, net_af_packet", cpus: 1, bar: nil,
      tool: "dpdk-testpmd", lead: 2.5
    ) {
      ["-l", "1,0", "--main-lcore", "1", "--no-huge", "-m", "256", "--no-pci", "--no-telemetry"]
        + ["--vdev", "net_af_packet0,iface=\(ground.sender.device.name),qdisc_bypass=1"]
        + ["--", "--forward-mode=txonly", "--txpkts=60", "--total-num-mbufs=8192"]
        + ["--eth-peer=0,\(ground.nobody)", "--auto-start", "--stats-period=60"]
    }
  }

  /// It has a TAP of its own, made like ours.
  private var testpmdTap: Contest {
    Contest(
      name: "TAP write 60 B, 1 CPU", peer: "DPDK testpmd, net_tap",
      open: {
        let program = try find("dpdk-testpmd")
        let guest = tap.receiver
        let ours = try LoneSenders(
          Workload(
            name: "bench", datapath: .tap, kind: .flood, direction: .toSender), at: guest,
          to: tap.nobody, cpus: [0], frameBytes: 60)
        let words =
          ["-l", "1,0", "--main-lcore", "1", "--no-huge", "-m", "256", "--no-pci"]
          + ["--no-telemetry", "--vdev", "net_tap0,iface=dpdk0"]
          + ["--", "--forward-mode=txonly", "--txpkts=60", "--total-num-mbufs=8192"]
          + ["--eth-peer=0,\(tap.nobody)", "--auto-start", "--stats-period=60"]
        return (
          ours: { try beside({ _ = try ours.send(nanoseconds: $0) }, tap.received) },
          peer: {
            try running(program, words, lead: 3, in: guest.device.namespace) {
              try tap.received(by: "dpdk0")
            }
          }
        )
      }, turns: 1)
  }

  /// - Parameter lead: seconds that the program takes to begin.
  private func contest(
    _ name: String, _ peer: String, cpus: Int, bar: Double?, tool: String, lead: Double = 0.6,
    datapath: Datapath = .packet, _ arguments: @escaping () throws -> [String]
  ) -> Contest {
    Contest(
      name: name, peer: peer, bar: bar,
      open: {
        let program = try find(tool)
        let words = try arguments()
        let ours = try LoneSenders(
          // trafgen's way unless told otherwise.
          Workload(
            name: "bench", datapath: datapath, kind: .flood, threads: cpus,
            bypassQdisc: datapath == .packet),
          at: ground.sender, to: ground.nobody, cpus: Array(0..<cpus), frameBytes: 60)
        return (
          ours: { try beside({ _ = try ours.send(nanoseconds: $0) }, ground.received) },
          peer: { try running(program, words, lead: lead, ground.received) }
        )
      }, turns: 1)
  }

  private func streams(_ datapath: Datapath) -> Contest {
    let server = ground.receiver.ipv4 ?? ""
    let kind = datapath == .tcp ? WorkloadKind.stream : .flood
    return Contest(
      name: datapath == .tcp ? "tcp, 1 connection" : "udp 1514 B, 1 flow",
      peer: datapath == .tcp ? "iperf3" : "iperf3 -u -l 1472",
      bar: datapath == .tcp ? 1.0 : nil,
      open: {
        let program = try find("iperf3")
        let session = try TrafficSession(
          Workload(name: "bench", datapath: datapath, kind: kind, frame: .bytes(1514)),
          over: Route(
            sender: ground.sender, receiver: ground.receiver, drops: [], reverseDrops: [],
            mtu: 1500), placement: Placement(senders: [0], receivers: [1]), runID: 1)
        let listener = try program.inNamespace(ground.receiver.device.namespace.name ?? "")
          .start(["--server", "--affinity", "1"])
        let words =
          ["--client", server, "--time", "30", "--affinity", "0,1"]
          + (datapath == .udp ? ["--udp", "--length", "1472", "--bitrate", "0"] : [])
        let ending = Ending(listener)
        let bits = { try ground.receivedBytes() * 8 }
        return (
          ours: { try beside({ _ = try session.measure(seconds: Double($0) / 1e9) }, bits) },
          peer: {
            try withExtendedLifetime(ending) {
              try running(program, words, lead: 0.6, bits)
            }
          }
        )
      }, turns: 1, unit: .bits)
  }

  private func find(_ tool: String) throws -> Program {
    guard let program = Program.tool(tool) else { throw BenchError("\(tool) is not installed") }
    return program
  }

  /// A window within a longer run of ours.
  private func beside(
    _ run: @escaping (UInt64) throws -> Void, _ count: @escaping () throws -> UInt64
  ) throws -> Double {
    let lead = 0.1
    let length = UInt64((seconds + 2 * lead) * 1e9)
    let work = Handover(run: run)
    let thread = Thread {
      work.failure = Result { try work.run(length) }
      work.ended.signal()
    }
    thread.start()
    let rate = Result { try Ground.sampled(count, after: lead, for: seconds) }
    work.ended.wait()
    try work.failure?.get()
    return try rate.get()
  }

  /// A window within the run of a program, which is ended then.
  private func running(
    _ program: Program, _ words: [String], lead: Double, in namespace: NetworkNamespace? = nil,
    _ count: () throws -> UInt64
  ) throws -> Double {
    let whole = String(format: "%.1f", lead + seconds + 5)
    // A group of its own, so that what it forked ends with it.
    let timeout = Program(
      "/usr/bin/timeout", prefix: ["-s", "INT", "-k", "1", whole, program.path])
    let place = namespace ?? ground.sender.device.namespace
    let run = try timeout.inNamespace(place.name ?? "").start(words)
    let rate = try Ground.sampled(count, after: lead, for: seconds)
    let isRunning = run.process.isRunning
    run.process.terminate()
    let ended = try run.wait()
    guard isRunning else {
      let reason =
        (ended.complaint.last ?? ended.output.split(separator: "\n").last.map(String.init))
      throw BenchError("it ended with status \(ended.status): \(reason ?? "")")
    }
    guard rate > 0 else {
      throw BenchError("it sent nothing: \(ended.complaint.last ?? "no reason given")")
    }
    return rate
  }
}

/// What a thread is to do, and how it ended.
///
/// Safe: the two threads take turns, by the semaphore.
private final class Handover: @unchecked Sendable {
  let run: (UInt64) throws -> Void
  var failure: Result<Void, any Error>?
  let ended = DispatchSemaphore(value: 0)
  init(run: @escaping (UInt64) throws -> Void) { self.run = run }
}

/// Ends a program together with the last who needs it.
private final class Ending {
  private let program: Running
  init(_ program: Running) { self.program = program }
  deinit { program.process.terminate() }
}
