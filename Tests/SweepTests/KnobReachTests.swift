import Measurement
import Testing

@testable import Sweep
@testable import Traffic

@Suite struct KnobReachTests {
  private static let veth = Profile.TargetRequest.lab("veth")
  private static let tap = Profile.TargetRequest.lab("bridge-tap")
  private static let nic = Profile.TargetRequest.nic("eno1", peer: "eno2")

  private static let flood = Workload(name: "w", datapath: .packet, kind: .flood)
  private static let bypassing = Workload(
    name: "w", datapath: .packet, kind: .flood, bypassQdisc: true)
  private static let incoming = Workload(
    name: "w", datapath: .packet, kind: .flood, direction: .toSender)
  private static let echo = Workload(name: "w", datapath: .packet, kind: .latency, rate: 1000)
  private static let stream = Workload(name: "w", datapath: .tcp, kind: .stream)
  private static let connect = Workload(name: "w", datapath: .tcp, kind: .connect)
  private static let toGuest = Workload(name: "w", datapath: .tap, kind: .flood)
  private static let fromGuest = Workload(
    name: "w", datapath: .tap, kind: .flood, direction: .toSender)
  private static let fromVhost = Workload(
    name: "w", datapath: .vhost, kind: .flood, direction: .toSender)
  private static let xdp = Workload(name: "w", datapath: .xdp, kind: .flood)
  private static let datagrams = Workload(name: "w", datapath: .udp, kind: .flood)

  private func obstacle(
    _ knob: KnobName, _ workload: Workload, on target: Profile.TargetRequest,
    beside others: [KnobName] = []
  ) -> String? {
    KnobReach(on: target, knobs: [knob] + others).obstacle(of: knob, to: workload)
  }

  @Test(
    arguments: [
      ("qdisc", bypassing, veth), ("qdisc", incoming, veth), ("qdisc", xdp, nic),
      ("qdisc", fromGuest, tap), ("txqueuelen", flood, veth), ("txqueuelen", bypassing, nic),
      ("txqueuelen", fromGuest, tap), ("feature.tso", flood, nic), ("feature.gso", datagrams, veth),
      ("feature.tx-checksum", flood, nic), ("feature.gro", fromGuest, tap),
      ("coalesce.rx-frames", fromGuest, tap), ("coalesce.rx-frames", toGuest, tap),
      ("xps", incoming, nic), ("ring.tx", incoming, nic), ("ring.rx", flood, nic),
      ("rps", xdp, veth), ("rps", toGuest, tap), ("sysctl.net.core.somaxconn", flood, veth),
      ("sysctl.net.core.somaxconn", stream, veth),
      ("guest.sysctl.net.ipv4.tcp_max_syn_backlog", stream, nic),
    ] as [(KnobName, Workload, Profile.TargetRequest)])
  func cannotAct(knob: KnobName, workload: Workload, target: Profile.TargetRequest) {
    #expect(obstacle(knob, workload, on: target) != nil)
  }

  @Test(
    arguments: [
      ("qdisc", flood, veth), ("qdisc", echo, nic), ("qdisc", toGuest, tap),
      ("qdisc", stream, veth), ("txqueuelen", toGuest, tap), ("txqueuelen", flood, nic),
      ("feature.tso", stream, veth), ("feature.tx-checksum", datagrams, veth),
      ("feature.gro", flood, veth), ("coalesce.rx-frames", fromVhost, tap),
      ("coalesce.rx-frames", incoming, nic), ("xps", flood, nic), ("ring.rx", incoming, nic),
      ("rps", flood, veth), ("rps", fromGuest, tap), ("mtu", flood, veth),
      ("sysctl.net.core.somaxconn", connect, veth),
      ("sysctl.net.core.netdev_max_backlog", flood, veth),
      ("interface.model", flood, nic), ("guest.qdisc", flood, nic),
    ] as [(KnobName, Workload, Profile.TargetRequest)])
  func mayAct(knob: KnobName, workload: Workload, target: Profile.TargetRequest) {
    #expect(obstacle(knob, workload, on: target) == nil)
  }

  @Test func whatAKnobDoesMayRestOnAnother() {
    #expect(obstacle("txqueuelen", Self.flood, on: Self.veth, beside: ["qdisc"]) == nil)
    #expect(obstacle("feature.tso", Self.flood, on: Self.veth, beside: ["feature.gro"]) == nil)
    #expect(obstacle("feature.tso", Self.flood, on: Self.veth) != nil)
  }

  @Test func superFramesAreCut() {
    var workload = Self.flood
    workload.segments = 8
    #expect(obstacle("feature.tso", workload, on: Self.nic) == nil)
  }

  private static let text = ProfileText(
    workloads: "workloads: [{name: raw, datapath: packet, kind: flood}, "
      + "{name: tcp, datapath: tcp, kind: stream}]",
    knobs: "knobs: {mtu: [1500, 9000], feature.tso: [off], sysctl.net.core.somaxconn: [1]}",
    objective: "objective: {maximise: throughput_bps}")

  @Test func aProfileKnowsItsControls() throws {
    let profile = try Self.text.parse()
    #expect(profile.controls.isEmpty)
    #expect(profile.unreached.map(\.knob) == ["feature.tso", "sysctl.net.core.somaxconn"])
    #expect(profile.unreached.map(\.isControl) == [false, true])
    #expect(
      profile.unreached[0].description
        == "cannot act on raw: its frames are sent one by one, so nothing is cut")
    #expect(
      profile.unreached[1].description
        == "cannot act on raw, tcp: it opens no connection while it is measured")
    var keeping = Self.text
    keeping.rest = "search: {controls: keep}"
    #expect(try keeping.parse().controls == ["sysctl.net.core.somaxconn"])
  }
}
