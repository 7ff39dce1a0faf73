import Foundation
import Kernel
import Lab
import Measurement
import TestSupport
import Testing

@testable import Sweep
@testable import Traffic

/// The generator itself: what it can do, whether it keeps its schedule, and what it does not hide.
@Suite(.serialized, .enabled(if: LabTier.isOn, "\(LabTier.reason)"))
struct GeneratorTests {
  private static let flood = Workload(name: "w", datapath: .packet, kind: .flood)

  @Test(arguments: [
    flood, Workload(name: "two", datapath: .packet, kind: .flood, frame: .mtu, threads: 2),
    Workload(name: "datagrams", datapath: .udp, kind: .flood),
    Workload(name: "bypassing", datapath: .packet, kind: .flood, bypassQdisc: true),
    Workload(name: "sockets", datapath: .xdp, kind: .flood, threads: 2),
    Workload(name: "guest", datapath: .tap, kind: .rate, rate: 1000),
  ]) func aSinkTakesWhateverIsSent(_ workload: Workload) throws {
    let rate = try #require(try GeneratorRates.shared.rate(of: workload, mtu: 1500))
    #expect(rate > 0)
    // Found once for each kind of sender.
    var same = workload
    (same.name, same.rate) = ("another", same.rate.map { 2 * $0 })
    #expect(try GeneratorRates.shared.rate(of: same, mtu: 1500) == rate)
  }

  @Test func nothingIsSaidWhereThereIsNoSink() throws {
    for workload in [
      Workload(name: "w", datapath: .tcp, kind: .stream),
      Workload(name: "w", datapath: .xdp, kind: .flood, zerocopy: true),
      Workload(name: "w", datapath: .packet, kind: .latency, rate: 1000),
      Workload(name: "w", datapath: .tap, kind: .flood, direction: .toSender),
    ] {
      #expect(try GeneratorRates.shared.rate(of: workload, mtu: 1500) == nil)
    }
  }

  @Test func theSinkRefusesNothing() throws {
    let sink = try NullSink(queues: 1, mtu: 1500)
    defer { sink.remove() }
    let batch = FrameBatch.experiment(to: sink.target.address, from: sink.entrance.address)
    for isBypassing in [false, true] {
      let socket = try PacketSocket(
        sendingOn: sink.entrance.device, bypassingQdisc: isBypassing)
      for _ in 0..<100 { #expect(try socket.send(batch, 0..<100).accepted == 100) }
    }
  }

  @Test func aSampleTellsTheHeadroom() throws {
    let lab = try Lab.make(.veth, named: Lab.randomName(), queues: 1)
    defer { lab.remove() }
    for calibrated: Double? in [nil, 1e9] {
      let session = try TrafficSession(
        Self.flood, over: Traffic.Route(lab), runID: 1, calibratedRate: calibrated)
      defer { session.close() }
      let sample = try session.measure(seconds: 0.03)
      guard calibrated != nil else {
        #expect(sample.metrics[.headroom] == nil)
        continue
      }
      let rate = try #require(sample.metrics[.deliveredRate])
      let headroom = try #require(sample.metrics[.headroom])
      #expect(abs(headroom * rate / 1e9 - 1) < 1e-9)
    }
  }

  /// The count is that of the schedule, whatever the machine did; what was not even tried is missing
  /// from it, and on most windows nothing is.
  @Test func everyFrameOfTheScheduleIsAccountedFor() throws {
    let lab = try Lab.make(.veth, named: Lab.randomName(), queues: 2)
    defer { lab.remove() }
    for rate in [997.0, 5000, 10_000] {
      let workload = Workload(name: "w", datapath: .packet, kind: .rate, rate: rate)
      let session = try TrafficSession(workload, over: Traffic.Route(lab), runID: 1)
      defer { session.close() }
      var isWhole = false
      for _ in 0..<20 where !isWhole {
        let sample = try session.measure(seconds: 0.05)
        let sending = Int(
          (sample.metrics[.offered] ?? .nan) + (sample.metrics[.refused] ?? .nan))
        let offered = try #require(sample.metrics[.offeredRate])
        let intended = try #require(sample.metrics[.intendedRate])
        let scheduled = Int((rate * 0.05).rounded(.up))
        #expect(sending <= scheduled)
        #expect(offered <= intended)
        isWhole = sending == scheduled && sample.metrics[.refused] == 0 && offered == intended
      }
      #expect(isWhole, "no window of \(rate) frames a second was sent whole")
    }
  }

  /// The reflector's CPU is taken away for 60 ms: every frame that was due meanwhile waited, and
  /// not just the one that was under way.
  @Test(.enabled(if: (try? CPUSet.allowed().count) ?? 1 > 1, "needs two CPUs"))
  func aStallIsInEveryRoundTripThatItDelayed() throws {
    let lab = try Lab.make(.veth, named: Lab.randomName(), queues: 2)
    defer { lab.remove() }
    let cpus = try CPUSet.allowed().members
    let workload = Workload(name: "w", datapath: .packet, kind: .latency, rate: 5000)
    let session = try TrafficSession(
      workload, over: Traffic.Route(lab),
      placement: Placement(senders: [cpus[0]], receivers: [cpus[1]]),
      runID: 1)
    defer { session.close() }
    // It ends by itself, too: a thread of that priority must not outlive anybody's patience.
    let loop = "i=0; while [ $i -lt 1000000 ]; do i=$((i+1)); done"
    let words = "-s KILL 0.06 taskset -c \(cpus[1]) chrt -f 50 sh -c"
    let timeout = try #require(Program.tool("timeout"))
    var worst = 0.0
    // The thief of the CPU has to begin within the window.
    for _ in 0..<10 where worst < 20_000 {
      let stall = try timeout.start(
        words.split(separator: " ").map(String.init) + [loop])
      let sample = try session.measure(seconds: 0.4)
      _ = try stall.wait()
      worst = max(worst, sample.metrics[.latencyP999] ?? 0)
      let p99 = try #require(sample.metrics[.latencyP99])
      // 60 of 400 ms is 15 % of the frames: with the omission of others only one would be late.
      if worst >= 20_000 { #expect(p99 > 10_000, "\(sample)") }
    }
    #expect(worst >= 20_000)
  }

  /// Both ends of a round trip turn round and round: that is our work, not that of others.
  @Test func endsThatSpinAreOurs() throws {
    let workload = Workload(name: "w", datapath: .packet, kind: .latency, rate: 5000)
    let lab = try Lab.make(.veth, named: Lab.randomName(), queues: 2)
    defer { lab.remove() }
    let session = try TrafficSession(workload, over: Traffic.Route(lab), runID: 1)
    defer { session.close() }
    // What really works for others is no fault of the reckoning: the best of some windows.
    var other = 1.0
    for _ in 0..<10 where other > 0.5 {
      other = min(other, try session.measure(seconds: 1).metrics[.otherWork] ?? 1)
    }
    #expect(other <= 0.5)
  }

  @Test func aLongWindowTellsWhetherItWasSteady() throws {
    let lab = try Lab.make(.veth, named: Lab.randomName(), queues: 1)
    defer { lab.remove() }
    let workload = Workload(name: "w", datapath: .packet, kind: .rate, rate: 20_000)
    let session = try TrafficSession(workload, over: Traffic.Route(lab), runID: 1)
    defer { session.close() }
    #expect(try session.measure(seconds: 0.05).metrics[.unsteady] == nil)
    let sample = try session.measure(seconds: 1)
    let variation = try #require(sample.metrics[.intervalVariation])
    #expect(variation > 0 && variation < 3)
    let unsteady = try #require(sample.metrics[.unsteady])
    #expect(unsteady == 1 || variation < SteadyState.mostVariation)
    #expect(sample.metrics[.otherWork] != nil && sample.metrics[.steal] != nil)
  }
}
