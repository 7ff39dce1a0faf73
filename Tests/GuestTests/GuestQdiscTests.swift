import Foundation
import Kernel
import Knobs
import Lab
import Measurement
import Report
import Sweep
import TestSupport
import Testing

/// Queueing disciplines of a stock kernel, which has them all: set by us and read by tc, set by tc
/// and read by us, swept.
@Suite(
  .serialized, .enabled(if: GuestTier.isOn, "\(GuestTier.reason)"),
  .guest(
    GuestDefinition(
      cpus: 2, interfaces: [GuestInterface(model: .virtio, attachment: .bridge)])))
struct GuestQdiscTests {
  /// Makes a veth of a name of its own, up, and says how to tune it.
  private static func veth(_ agent: GuestAgent, queues: Int = 1) throws -> (String, RemoteTuner) {
    let name = "v\(UInt32.random(in: 0 ... .max))"
    let count = ["numtxqueues", "\(queues)", "numrxqueues", "\(queues)"]
    let words =
      ["link", "add", name] + count + ["type", "veth", "peer", "name", "p" + name.dropFirst()]
      + count
    let made = try agent.run("ip", words)
    try #require(made.succeeded, "\(made.errors)")
    for end in [name, "p" + name.dropFirst()] { try agent.tool("ip", "link", "set", end, "up") }
    return (name, RemoteTuner(name, of: agent))
  }

  /// What tc shows, without the handle that says only in which order things were attached.
  private static func shown(_ agent: GuestAgent, _ name: String) throws -> String {
    try agent.tool("tc", "-d", "qdisc", "show", "dev", name)
      .replacing(#/ [0-9a-f]+:(?=[ 0-9])/#, with: "").replacing(#/ +/#, with: " ")
  }

  private static func make(_ agent: GuestAgent, _ name: String, _ words: String) throws {
    let made = try agent.run(
      "tc",
      ["qdisc", "replace", "dev", name, "root"] + words.split(separator: " ").map(String.init))
    try #require(made.succeeded, "\(words): \(made.errors)")
  }

  @Test func tcReadsWhatWeSet() throws {
    let agent = try SharedGuest.lab.agent
    let (name, tuner) = try Self.veth(agent)
    for (words, effective, expected) in [
      ("fq", "fq limit 10000", "fq root refcnt 2 limit 10000p flow_limit 100p"),
      ("fq limit 77", "fq limit 77", "limit 77p"),
      ("fq_codel", "fq_codel limit 10240", "limit 10240p flows 1024"),
      ("fq_codel limit 500", "fq_codel limit 500", "limit 500p"),
      ("cake", "cake rtt 100ms", "bandwidth unlimited diffserv3"),
      (
        "cake bandwidth 100mbit rtt 50ms", "cake bandwidth 100mbit rtt 50ms",
        "bandwidth 100Mbit diffserv3 triple-isolate nonat nowash no-ack-filter split-gso rtt 50ms"
      ),
      ("cake bandwidth 40gbit", "cake bandwidth 40gbit rtt 100ms", "bandwidth 40Gbit"),
      ("netem", "netem limit 1000", "netem root refcnt 2 limit 1000"),
      ("netem delay 1600us", "netem delay 1600us limit 1000", "limit 1000 delay 1.6ms"),
      (
        "netem delay 10ms 3ms loss 1% duplicate 2% reorder 25% corrupt 0.1% limit 77",
        "netem delay 10ms 3ms loss 1% duplicate 2% reorder 25% corrupt 0.1% limit 77",
        "limit 77 delay 10ms 3ms loss 1% duplicate 2% reorder 25% corrupt 0.1% gap 1"
      ),
    ] {
      let found = try tuner.apply(Configuration(["qdisc": .word(words)]))
      #expect(found["qdisc"] == .word(effective))
      let text = try Self.shown(agent, name)
      #expect(text.contains(expected), "\(words) became \(text)")
    }
  }

  @Test func weReadWhatTcSet() throws {
    let agent = try SharedGuest.lab.agent
    let (name, tuner) = try Self.veth(agent)
    for (words, expected) in [
      ("fq limit 77 flow_limit 5 nopacing", "fq limit 77"),
      ("fq_codel limit 500 target 7ms noecn", "fq_codel limit 500"),
      ("cake diffserv4 ack-filter", "cake rtt 100ms"),
      ("cake bandwidth 1500kbit rtt 35ms", "cake bandwidth 1500kbit rtt 35ms"),
      ("netem delay 10ms 3ms loss 1%", "netem delay 10ms 3ms loss 1% limit 1000"),
      (
        "netem limit 9 delay 5ms reorder 25% 50% corrupt 0.1% 10%",
        "netem delay 5ms reorder 25% corrupt 0.1% limit 9"
      ),
      ("pfifo limit 12", "pfifo limit 12"), ("bfifo limit 3000", "bfifo limit 3000"),
    ] {
      try Self.make(agent, name, words)
      #expect(try tuner.read(["qdisc"])["qdisc"] == .word(expected), "\(words)")
    }
  }

  /// As a user chose it before we came, with options that we cannot spell.
  @Test(arguments: [
    "fq", "fq limit 500 flow_limit 50 quantum 3000 maxrate 10mbit nopacing ce_threshold 3ms",
    "fq_codel", "fq_codel limit 500 flows 64 target 7ms interval 133ms noecn ce_threshold 1ms",
    "cake", "cake bandwidth 100mbit rtt 50ms diffserv4 nat ack-filter overhead 38 mpu 84",
    "netem delay 10ms 3ms loss 1% duplicate 2% reorder 25% 50% corrupt 0.1% limit 77",
    "netem delay 5ms rate 1mbit slot 1ms 2ms loss gemodel 1% 10% 70% 0.1% ecn",
    "sfq", "sfq perturb 10", "sfq perturb 10 limit 100", "codel",
    "codel limit 50 target 3ms interval 77ms ecn", "pie limit 100 target 21ms alpha 3 ecn",
    "prio bands 5", "multiq", "mq", "tbf rate 1mbit burst 5kb latency 70ms",
  ]) func whatTcMadeComesBack(words: String) throws {
    let agent = try SharedGuest.lab.agent
    let (name, tuner) = try Self.veth(agent, queues: 2)
    try Self.make(agent, name, words)
    let before = try Self.shown(agent, name)
    try tuner.apply(Configuration(["qdisc": .word("pfifo limit 7")]))
    #expect(try Self.shown(agent, name) != before)
    let restoration = try tuner.restore()
    #expect(restoration.restored == ["qdisc"] && restoration.failures.isEmpty, "\(restoration)")
    #expect(try Self.shown(agent, name) == before)
    // Again: nothing creeps.
    try tuner.apply(Configuration(["qdisc": .word("fq")]))
    #expect(try tuner.restore().failures.isEmpty)
    #expect(try Self.shown(agent, name) == before)
    try agent.tool("ip", "link", "del", name)
  }

  /// It shows less than it asks for.
  @Test func whatCouldNotComeBackIsNotTouched() throws {
    let agent = try SharedGuest.lab.agent
    let (name, tuner) = try Self.veth(agent)
    try Self.make(agent, name, "red limit 400000 min 30000 max 90000 avpkt 1000 burst 55")
    guard case .absent(let reason) = try tuner.availability(of: ["qdisc"])["qdisc"] else {
      Issue.record("red is there to be replaced")
      return
    }
    #expect(
      reason == "the qdisc red does not come back from what it shows, so it could not be put back")
  }

  /// A whole sweep inside: disciplines that this host may lack, and settings of the whole machine,
  /// which only a guest lends.
  @Test func disciplinesAndSettingsOfTheMachineAreSwept() throws {
    let agent = try SharedGuest.lab.agent
    try agent.write(
      """
      name: inside
      target: {lab: veth}
      workloads: [{datapath: packet, kind: rate, rate: 1kpps}]
      knobs:
        qdisc: [default, fq, fq_codel limit 500, cake, netem delay 1ms]
        sysctl.net.core.netdev_max_backlog: [4321]
        sysctl.net.core.netdev_budget: [277]
      objective: {maximise: delivered_pps}
      search: {effect: 50%}
      sampling: {slice: 20ms, pairs: 1, blocks: 6, confirming-blocks: 6}
      """, to: "/tmp/inside.yaml")
    let settings = ["netdev_max_backlog", "netdev_budget"].map { "/proc/sys/net/core/\($0)" }
    let before = try settings.map(agent.read)
    func links() throws -> [String] {
      try agent.objects("ip", "-j", "link").compactMap { $0["ifname"] as? String }
    }
    let there = try links()
    let ended = try agent.run(
      "kvmtune", ["sweep", "/tmp/inside.yaml", "--output", "/tmp/inside", "--force"], within: 600)
    try #require(ended.status == 0, "\(ended.errors)")
    #expect(try settings.map(agent.read) == before)
    #expect(try links() == there)
    #expect(try agent.list("/run/netns").isEmpty)

    let folder = try TemporaryFolder()
    let text = try agent.read("/tmp/inside/trials.csv")
    let table = try TrialsFile.read(folder.file("trials.csv", text + "\n"))
    let (name, _) = try Self.veth(agent)
    for asked in ["fq", "fq_codel limit 500", "cake", "netem delay 1ms"] {
      let trials = table.records.filter { $0.requested["qdisc"] == .word(asked) }
      #expect(trials.contains { $0.role == .search && $0.measured.isValid }, "\(asked)")
      try Self.make(agent, name, asked)
      let shown = try #require(
        try RemoteTuner(name, of: agent).read(["qdisc"])["qdisc"], "\(asked)")
      #expect(Set(trials.compactMap { $0.effective["qdisc"] }) == [shown])
    }
    let backlog: KnobName = "sysctl.net.core.netdev_max_backlog"
    let budget: KnobName = "sysctl.net.core.netdev_budget"
    for record in table.records {
      let isBaseline = record.requested.values.isEmpty
      #expect(record.effective[backlog]?.description == (isBaseline ? before[0] : "4321"))
      #expect(record.effective[budget]?.description == (isBaseline ? before[1] : "277"))
    }
    #expect(table.records.contains { $0.requested.values.isEmpty })
  }
}
