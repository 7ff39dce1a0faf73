import Foundation
import Kernel
import TestSupport
import Traffic

/// Programs that send small frames, and run for seconds.
struct ToolContests {
  let ground: Ground
  let tap: Ground
  let window: Window
  let folder: TemporaryFolder

  var all: [Contest] {
    [1, 2].flatMap { cpus in
      [
        trafgen(cpus, "ring", []),
        // A rate that is never reached makes it send frame by frame.
        trafgen(cpus, "sendto()", ["--rate", "100000000pps"]),
      ]
    } + [trafgenBesideXdp, xdpTrafficgen, testpmd, testpmdTap]
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
        let program = try Window.find("dpdk-testpmd")
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
          ours: { try window.beside({ _ = try ours.send(nanoseconds: $0) }, tap.received) },
          peer: {
            try window.running(program, words, lead: 3, in: guest.device.namespace) {
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
        let program = try Window.find(tool)
        let words = try arguments()
        let ours = try LoneSenders(
          // trafgen's way unless told otherwise.
          Workload(
            name: "bench", datapath: datapath, kind: .flood, threads: cpus,
            bypassQdisc: datapath == .packet),
          at: ground.sender, to: ground.nobody, cpus: Array(0..<cpus), frameBytes: 60)
        return (
          ours: { try window.beside({ _ = try ours.send(nanoseconds: $0) }, ground.received) },
          peer: {
            try window.running(
              program, words, lead: lead, in: ground.sender.device.namespace, ground.received)
          }
        )
      }, turns: 1)
  }
}
