import Foundation
import Kernel
import Netlink
import SystemPackage
import TestSupport
import Testing

/// Queueing disciplines as we set and read them, against what `tc -j` says of the same device.
@Suite(.serialized, .enabled(if: LabTier.isOn, "\(LabTier.reason)"))
struct QdiscOracleTests {
  /// What `tc -j -s qdisc` says of one qdisc, as far as every kind has it.
  struct Listed: Decodable, Hashable {
    let kind: String
    let handle: String
    let parent: String?
    let root: Bool?
    let bytes: UInt64
    let packets: UInt64
    let drops: UInt64
    let overlimits: UInt64
    let requeues: UInt64
    let backlog: UInt64
    let qlen: UInt64

    init(_ qdisc: Qdisc) {
      let major = String(qdisc.handle >> 16, radix: 16)
      kind = qdisc.kind
      handle = (qdisc.handle == 0 ? "0" : major) + ":"
      let above = String(qdisc.parent >> 16, radix: 16)
      parent =
        qdisc.isRoot
        ? nil : (above == "0" ? "" : above) + ":" + String(qdisc.parent & 0xFFFF, radix: 16)
      root = qdisc.isRoot ? true : nil
      bytes = qdisc.statistics.bytes
      packets = qdisc.statistics.packets
      drops = qdisc.statistics.drops
      overlimits = qdisc.statistics.overlimits
      requeues = qdisc.statistics.requeues
      backlog = qdisc.statistics.backlog
      qlen = qdisc.statistics.queueLength
    }
  }

  /// The kernel itself sends now and then, as for IPv6: only what was the same before and after `tc`
  /// looked can be what it saw.
  private func compare(_ bench: OracleBench, _ name: String) throws {
    func ours() throws -> [Listed] {
      try bench.session.qdiscs(of: bench.index(name)).map(Listed.init)
    }
    for _ in 0..<20 {
      let before = try ours()
      let json = try bench.tool("tc", "-j", "-s", "qdisc", "show", "dev", name)
      let theirs = try JSONDecoder().decode([Listed].self, from: Data(json.utf8))
      guard try ours() == before else { continue }
      #expect(before == theirs)
      return
    }
    Issue.record("the counters of \(name) never held still")
  }

  static let specifications = [
    "pfifo", "pfifo limit 17", "bfifo limit 64kb", "pfifo_fast", "noqueue", "mq",
    "tbf rate 100mbit burst 32kb latency 50ms", "tbf rate 40gbit burst 1mb limit 4mb",
    "htb rate 1gbit", "htb rate 40gbit burst 64kb quantum 3000", "htb rate 10mbit burst 10kb",
  ]

  @Test(arguments: ["va", "t0", "b0"]) func whatIsSetIsThere(name: String) throws {
    let bench = try OracleBench()
    defer { bench.remove() }
    let index = try bench.index(name)
    let session = bench.session
    let original = try #require(try session.rootQdisc(of: index))
    #expect(original.isDefault)
    try compare(bench, name)
    let possible = Self.specifications.filter { name != "b0" || $0 != "mq" }
    // Each twice in a row, too: the second is fresh, not a change of the first.
    for text in (possible + possible.shuffled()).flatMap({ [$0, $0] }) {
      let asked = try QdiscSpecification(parsing: text)
      try session.replaceRootQdisc(of: index, with: asked)
      try compare(bench, name)
      let found = try #require(try session.qdiscSpecification(of: index))
      #expect(asked.isMet(by: found), "\(asked) became \(found)")
      #expect(try session.link(index: index).qdisc == asked.kind)
      #expect(try session.rootQdisc(of: index)?.isDefault == false)
      #expect(try session.hasClasses(of: index) == (asked.kind == "htb"))
      let obstacle = try session.obstacleToRestoringQdisc(of: index)
      #expect((obstacle != nil) == (asked.kind == "htb"))
    }
    try session.restoreRootQdisc(of: index, to: original)
    #expect(try session.rootQdisc(of: index)?.kind == original.kind)
    #expect(try session.rootQdisc(of: index)?.isDefault == true)
    try session.deleteRootQdisc(of: index)
    try compare(bench, name)
  }

  @Test func tcReadsTheNumbersThatWeMean() throws {
    let bench = try OracleBench()
    defer { bench.remove() }
    let index = try bench.index("va")
    for (text, expected) in [
      ("pfifo limit 17", "limit 17p"), ("bfifo limit 64kb", "limit 64Kb"),
      ("tbf rate 100mbit burst 32kb latency 50ms", "rate 100Mbit burst 32Kb lat 50ms"),
      ("tbf rate 40gbit burst 1mb limit 4mb", "rate 40Gbit burst"),
    ] {
      try bench.session.replaceRootQdisc(of: index, with: QdiscSpecification(parsing: text))
      let shown = try bench.tool("tc", "qdisc", "show", "dev", "va")
      #expect(shown.contains(expected), "\(text) became \(shown)")
    }
    let htb = try QdiscSpecification(parsing: "htb rate 1gbit burst 62500 quantum 3000")
    try bench.session.replaceRootQdisc(of: index, with: htb)
    let shown = try bench.tool("tc", "-d", "class", "show", "dev", "va")
    for expected in ["htb 1:1 root", "quantum 3000", "rate 1Gbit ceil 1Gbit", "burst 62500b"] {
      #expect(shown.contains(expected), "\(shown)")
    }
    let root = try bench.tool("tc", "qdisc", "show", "dev", "va")
    #expect(root.contains("r2q 10 default 0x1"), "\(root)")
  }

  @Test(arguments: [
    "pfifo limit 33", "bfifo", "pfifo_fast", "noqueue", "mq",
    "tbf rate 1001kbit burst 5kb latency 70ms", "tbf rate 41gbit burst 1mb limit 4mb",
  ])
  func whatTcMadeIsPutBack(words: String) throws {
    let bench = try OracleBench()
    defer { bench.remove() }
    let index = try bench.index("va")
    let session = bench.session
    try bench.tool(
      ["tc", "qdisc", "replace", "dev", "va", "root"] + words.split(separator: " ").map(String.init)
    )
    let original = try #require(try session.rootQdisc(of: index))
    #expect(try session.obstacleToRestoringQdisc(of: index) == nil)
    let shown = try bench.tool("tc", "qdisc", "show", "dev", "va")
    try session.replaceRootQdisc(of: index, with: .htb(.init(rate: 1_000_000)))
    // As a journal keeps it.
    let kept = QdiscSpecification(restoring: original).description
    try session.replaceRootQdisc(of: index, with: QdiscSpecification(parsing: kept))
    let back = try #require(try session.rootQdisc(of: index))
    #expect(back.kind == original.kind)
    #expect(back.options == original.options)
    try session.restoreRootQdisc(of: index, to: original)
    func withoutHandles(_ text: String) -> String {
      text.replacing(#/[0-9a-f]+:/#, with: "")
    }
    let again = try bench.tool("tc", "qdisc", "show", "dev", "va")
    #expect(withoutHandles(again) == withoutHandles(shown))
  }

  @Test func aDeviceThatWasNeverUpHasNoneAndGetsNoneBack() throws {
    let bench = try OracleBench()
    defer { bench.remove() }
    let session = bench.session
    try session.createBridge(named: "b1")
    let index = try bench.index("b1")
    #expect(try session.rootQdisc(of: index) == nil)
    #expect(try session.qdiscSpecification(of: index) == nil)
    #expect(try session.obstacleToRestoringQdisc(of: index) == nil)
    try session.replaceRootQdisc(of: index, with: .pfifo(limit: 5))
    try compare(bench, "b1")
    #expect(try session.rootQdisc(of: index)?.kind == "pfifo")
    try session.restoreRootQdisc(of: index, to: nil)
    #expect(try session.rootQdisc(of: index) == nil)
  }

  @Test func whatCannotBePutBackIsSaid() throws {
    let bench = try OracleBench()
    defer { bench.remove() }
    let index = try bench.index("va")
    let start = ["tc", "qdisc", "replace", "dev", "va"]
    try bench.tool(start + ["root", "handle", "5:", "mq"])
    #expect(try bench.session.obstacleToRestoringQdisc(of: index) == nil)
    try bench.tool(start + ["parent", "5:2", "pfifo", "limit", "9"])
    let obstacle = try bench.session.obstacleToRestoringQdisc(of: index)
    #expect(obstacle == "the qdisc mq has a child pfifo that somebody chose")
    try compare(bench, "va")
  }

  @Test func whatTheKernelLacksIsSaid() throws {
    let bench = try OracleBench()
    defer { bench.remove() }
    let kinds = try QdiscKinds.probe()
    #expect(kinds.present.isSuperset(of: ["noqueue", "pfifo", "bfifo", "pfifo_fast", "mq"]))
    #expect(kinds.present.union(kinds.missing.keys) == Set(QdiscSpecification.kinds))
    #expect(kinds.present.isDisjoint(with: kinds.missing.keys))
    let index = try bench.index("va")
    for (kind, reason) in kinds.missing {
      let refusal = #expect(throws: NetlinkError.self) {
        try bench.session.replaceRootQdisc(of: index, with: QdiscSpecification(parsing: kind))
      }
      #expect(refusal?.errno == .noSuchFileOrDirectory)
      #expect(refusal?.message == reason)
      #expect(throws: OracleBench.ToolFailure.self) {
        try bench.tool("tc", "qdisc", "replace", "dev", "va", "root", kind)
      }
    }
    let refusal = #expect(throws: NetlinkError.self) {
      try bench.session.replaceRootQdisc(of: bench.index("b0"), with: .mq)
    }
    #expect(refusal?.errno == .notSupported)
    #expect(NetworkNamespace.names(withPrefix: "kvmtune-probe-").isEmpty)
  }

  @Test func dropsOfTheQdiscAreCounted() throws {
    let bench = try OracleBench()
    defer { bench.remove() }
    let link = try bench.session.link(named: "va")
    let device = NetworkDevice(
      namespace: bench.namespace, name: "va", index: link.index,
      address: try #require(link.address))
    let counter = DropCounter.qdisc(of: device, bench.session)
    #expect(counter.hop == "qdisc")
    #expect(try counter.read() == 0)
    try bench.session.replaceRootQdisc(
      of: link.index, with: QdiscSpecification(parsing: "tbf rate 8kbit burst 1600 limit 1600"))
    try bench.tool("ip", "addr", "add", "198.18.200.1/24", "dev", "va")
    try bench.tool(
      "ip", "neigh", "add", "198.18.200.2", "lladdr", "02:00:00:00:00:02", "dev", "va")
    // A kilobyte a second cannot carry these.
    let send = "for i in {1..20}; do printf %1000s x > /dev/udp/198.18.200.2/9; done"
    try bench.tool("bash", "-c", send)
    let drops = try counter.read()
    #expect(drops > 0)
    #expect(drops == (try bench.session.rootQdisc(of: link.index))?.statistics.drops)
    try compare(bench, "va")
  }
}
