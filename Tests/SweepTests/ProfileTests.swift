import Lab
import Measurement
import Testing
import Traffic

@testable import Sweep

/// What a profile means.
@Suite struct ProfileTests {
  @Test func whatIsNotSaidHasADefault() throws {
    let profile = try ProfileText().parse()
    #expect(profile.name == "small")
    #expect(profile.target == .lab("veth"))
    #expect(
      profile.workloads == [Workload(name: "packet-flood", datapath: .packet, kind: .flood)])
    #expect(
      profile.objective.description == "maximise delivered_pps; subject-to "
        + "cpu_ns_per_frame <= 1.05x baseline, loss_ratio <= 1.05x baseline + 0.001; effect 2%")
    #expect(profile.search == Profile.SearchRequest())
    #expect(profile.search.strategy == .grid && profile.search.trials == nil)
    #expect(profile.search.seed == 1)
    #expect(profile.sampling.slice == 0.02 && profile.sampling.pairs == 8)
    #expect(profile.sampling.blocks == 6 && profile.sampling.confirmingBlocks == 12)
    #expect(profile.text == ProfileText().text)
  }

  @Test func everyKeyIsRead() throws {
    let text = """
      name: every.key_1-2
      target: {nic: eno1, peer: eno2}
      workloads:
        - {name: small, datapath: packet, kind: rate, frame: 64B, rate: 100kpps, threads: 2,
           flows: 64, bypass-qdisc: on, batch: 32}
        - {name: guest, datapath: tap, kind: burst, frame: 1514, direction: from-guest, burst: 256}
        - {name: stream, datapath: tcp, kind: stream, frame: mtu}
        - {name: echo, datapath: packet, kind: latency, rate: 5000pps}
      knobs:
        ring.rx: {from: 256, to: max, scale: log2}
        mtu: [default, min, max, 9000]
        coalesce.rx-usecs: {from: 0, to: 100, step: 10}
        feature.tso: [on, off]
        qdisc: [fq_codel, "tbf rate 1gbit burst 64kb limit 1000"]
      objective:
        minimise: cpu_ns_per_frame
        subject-to: ["latency_p99_us <= 1.10x baseline", "loss_ratio <= 0.001"]
      search: {strategy: random, trials: 40, seed: 9223372036854775807, effect: 0.5%}
      sampling: {slice: 0.25s, pairs: 3, blocks: 8, confirming-blocks: 20}

      """
    let profile = try Profile(parsing: text, file: "p.yaml")
    #expect(profile.name == "every.key_1-2")
    #expect(profile.target == .nic("eno1", peer: "eno2"))
    #expect(
      profile.workloads == [
        Workload(
          name: "small", datapath: .packet, kind: .rate, frame: .bytes(64), rate: 100_000,
          threads: 2, flows: 64, bypassQdisc: true, batch: 32),
        Workload(
          name: "guest", datapath: .tap, kind: .burst, frame: .bytes(1514), direction: .toSender,
          burst: 256),
        Workload(name: "stream", datapath: .tcp, kind: .stream, frame: .mtu),
        Workload(name: "echo", datapath: .packet, kind: .latency, rate: 5000),
      ])
    #expect(
      profile.knobs == [
        KnobRequest(
          name: "ring.rx", values: .doubling(from: .number(256), to: .maximum), line: 10),
        KnobRequest(
          name: "mtu",
          values: .list([.asFound, .bound(.minimum), .bound(.maximum), .value(.number(9000))]),
          line: 11),
        KnobRequest(
          name: "coalesce.rx-usecs",
          values: .stepping(from: .number(0), to: .number(100), step: 10), line: 12),
        KnobRequest(
          name: "feature.tso", values: .list([.value(.flag(true)), .value(.flag(false))]), line: 13),
        KnobRequest(
          name: "qdisc",
          values: .list([
            .value(.word("fq_codel")), .value(.word("tbf rate 1gbit burst 64kb limit 1000")),
          ]), line: 14),
      ])
    #expect(
      profile.objective.description
        == "minimise cpu_ns_per_frame; subject-to latency_p99_us <= 1.10x baseline, "
        + "loss_ratio <= 0.001; effect 0.5%")
    #expect(profile.search.strategy == .random && profile.search.trials == 40)
    #expect(profile.search.seed == UInt64(Int.max))
    #expect(profile.sampling.slice == 0.25 && profile.sampling.pairs == 3)
    #expect(profile.sampling.blocks == 8 && profile.sampling.confirmingBlocks == 20)
  }

  @Test func anObjectiveMayHaveSeveralMetrics() throws {
    let profile = try ProfileText(
      objective: "objective: {pareto: [delivered_pps, cpu_ns_per_frame], "
        + "subject-to: [loss_ratio <= 0.001]}", rest: "search: {effect: 3%}"
    ).parse()
    #expect(profile.objective.isPareto)
    #expect(
      profile.objective.description
        == "pareto delivered_pps, cpu_ns_per_frame; subject-to loss_ratio <= 0.001; effect 3%")
  }

  @Test(arguments: [
    ("5ms", 0.005), ("20ms", 0.02), ("20 ms", 0.02), ("0.5s", 0.5), ("10s", 10.0),
  ]) func aSliceHasAUnit(written: String, seconds: Double) throws {
    let profile = try ProfileText(rest: "sampling: {slice: \(written)}").parse()
    #expect(abs(profile.sampling.slice - seconds) < 1e-12)
  }

  @Test(arguments: [("7pps", 7.0), ("1.5kpps", 1500), ("2Mpps", 2e6)])
  func aRateHasAUnit(written: String, framesPerSecond: Double) throws {
    let workloads = "workloads: [{datapath: packet, kind: rate, rate: \(written)}]"
    #expect(try ProfileText(workloads: workloads).parse().workloads[0].rate == framesPerSecond)
  }

  @Test(arguments: [("on", true), ("yes", true), ("true", true), ("off", false), ("no", false)])
  func aFlagHasSeveralSpellings(written: String, isOn: Bool) throws {
    let workloads = "workloads: [{datapath: packet, kind: flood, bypass-qdisc: \(written)}]"
    #expect(try ProfileText(workloads: workloads).parse().workloads[0].bypassQdisc == isOn)
  }

  /// YAML has ideas about `on`, `1e3`, `0x10`, `010` and dates; a knob's word stays what it is.
  @Test func valuesAreTakenAsWritten() throws {
    let profile = try ProfileText(knobs: "knobs: {qdisc: [on, 1e3, 0x10, 010, 12:30, ~, 'a b']}")
      .parse()
    let words = ["1e3", "0x10", "010", "12:30", "~", "a b"].map {
      KnobRequest.Item.value(.word($0))
    }
    #expect(profile.knobs[0].values == .list([.value(.flag(true))] + words))
  }

  @Test func aWordWithAnAmpersandIsNoAnchor() throws {
    let profile = try ProfileText(rest: "# R&D, this & that, and *this* too").parse()
    #expect(profile.name == "small")
  }

  @Test func aGuestHasDefaultsOfItsOwn() throws {
    let profile = try ProfileText(target: "target: {guest: {}}").parse()
    #expect(
      profile.target
        == .guest(
          GuestDefinition(interfaces: [GuestInterface(model: .virtio, attachment: .bridge)])))
    #expect(profile.sampling.slice == 0.2 && profile.sampling.pairs == 4)
    #expect(profile.sampling.blocks == 6 && profile.sampling.confirmingBlocks == 8)
    let other = try ProfileText(
      target: "target: {guest: {}}", rest: "sampling: {slice: 1s}"
    ).parse()
    #expect(other.sampling.slice == 1 && other.sampling.pairs == 4)
  }

  @Test func everyKeyOfAGuestIsRead() throws {
    let text = """
      target:
        guest: {model: virtio, attachment: nat, vhost: off, queues: 4, vectors: 10,
          rx-queue-size: 1024, tx-queue-size: 256, packed: on, event-index: off,
          mergeable-buffers: off, host-mtu: 9000, node: 1, cpus: 8, memory: 2GiB, nodes: 2}
      """
    let knobs = """
      knobs:
        mtu: [default, 9000]
        guest.channels.combined: [1, max]
        interface.model: [default, e1000e]
        interface.queues: {from: 1, to: 4, scale: log2}
        interface.vectors: [auto, 0]
      """
    let profile = try ProfileText(target: text, knobs: knobs).parse()
    var interface = GuestInterface(model: .virtio, attachment: .nat)
    (interface.queues, interface.vectors) = (4, 10)
    interface.receiveQueueSize = 1024
    (interface.packed, interface.eventIndex, interface.mergeableBuffers) = (true, false, false)
    (interface.hostMTU, interface.node) = (9000, 1)
    #expect(
      profile.target
        == .guest(
          GuestDefinition(cpus: 8, memoryMegabytes: 2048, nodes: 2, interfaces: [interface])))
    #expect(
      profile.knobs.map(\.name.side) == [.path, .guest] + Array(repeating: .definition, count: 3))
  }

  @Test func aGuestIsNotReplacedByANIC() throws {
    let profile = try ProfileText(target: "target: {guest: {}}").parse()
    let error = #expect(throws: ProfileError.self) {
      try profile.overriding(nic: "eno1", seed: nil, file: "p.yaml")
    }
    #expect(
      error?.description
        == "p.yaml: is about a guest, which --nic cannot replace; "
        + "take a profile with target: {nic: eno1}")
    #expect(try profile.overriding(nic: nil, seed: 3, file: "p.yaml").search.seed == 3)
  }

  @Test func anotherNICKeepsThePeer() throws {
    let profile = try ProfileText(target: "target: {nic: eno1, peer: eno2}").parse()
      .overriding(nic: "eno3", seed: 7, file: "p.yaml")
    #expect(profile.target == .nic("eno3", peer: "eno2"))
    #expect(profile.search.seed == 7)
    let lab = try ProfileText().parse().overriding(nic: "eno3", seed: nil, file: "p.yaml")
    #expect(lab.target == .nic("eno3", peer: nil))
    #expect(lab.search.seed == 1)
  }
}
