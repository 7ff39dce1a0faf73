import Foundation
import Kernel
import Netlink
import TestSupport
import Testing

/// A namespace with a veth pair `va`, `vb` (two queues), a bridge `b0` and a TAP `t0`, all up,
/// a session of ours in it, and the tools of others.
final class OracleBench {
  let namespace: NetworkNamespace
  let session: NetlinkSession
  private var tap: TapDevice?

  init() throws {
    let name = "kvmtune-test-\(UInt32.random(in: 0...(.max)))"
    namespace = try NetworkNamespace.create(named: name)
    do {
      session = try NetlinkSession(in: namespace)
      // Neighbour discovery of the kernel's own would move counters while they are compared.
      try namespace.run {
        try HostFiles.live.write("1", to: "/proc/sys/net/ipv6/conf/default/disable_ipv6")
      }
      tap = try namespace.run { try TapDevice(named: "t0", queueCount: 2) }
      let pair = ["numtxqueues", "2", "numrxqueues", "2"]
      try tool(["ip", "link", "add", "va"] + pair + ["type", "veth", "peer", "name", "vb"] + pair)
      try tool("ip", "link", "add", "b0", "type", "bridge")
      for device in ["va", "vb", "b0", "t0"] { try tool("ip", "link", "set", device, "up") }
    } catch {
      namespace.delete()
      throw error
    }
  }

  func remove() {
    session.close()
    tap = nil
    namespace.delete()
  }

  func index(_ name: String) throws -> Int32 {
    try namespace.run { Int32(unsafe if_nametoindex(name)) }
  }

  @discardableResult
  func tool(_ words: String...) throws -> String { try tool(words) }

  /// What a tool prints, run in the namespace. Throws ``ToolFailure`` if it says it failed.
  @discardableResult
  func tool(_ words: [String]) throws -> String {
    let tool = try #require(Program.tool(words[0]), "\(words[0]) is not installed")
    let ended = try tool.inNamespace(namespace.name ?? "").run(Array(words.dropFirst()))
    if ended.status != 0 { throw ToolFailure(words: words, complaint: ended.errors) }
    return ended.output
  }

  struct ToolFailure: Error {
    let words: [String]
    let complaint: String
  }

  /// `ethtool --json -k` is equal to ours: every feature, and every group.
  func compareFeatures(_ ours: Features, of name: String) throws {
    struct State: Decodable {
      let active: Bool
      let fixed: Bool?
      let requested: Bool?
    }
    enum Entry: Decodable {
      case name
      case state(State)
      init(from decoder: any Decoder) throws {
        self = (try? State(from: decoder)).map(Entry.state) ?? .name
      }
    }
    let json = try tool("ethtool", "--json", "-k", name)
    let listed = try #require(
      try JSONDecoder().decode([[String: Entry]].self, from: Data(json.utf8)).first)
    // Where a group is one feature, ethtool prints the old word for it and not the kernel's name.
    let words = Dictionary(uniqueKeysWithValues: FeatureGroup.allCases.map { ($0.longName, $0) })
    var compared = 0
    for case (let key, .state(let state)) in listed {
      if let group = words[key] {
        #expect(group.isOn(in: ours) == state.active, "\(key)")
        compared += 1
      } else if let own = ours[key] {
        #expect(own.active == state.active, "\(key)")
        #expect(own.isFixed == state.fixed, "\(key)")
        #expect(own.wanted == state.requested, "\(key)")
        compared += 1
      }
    }
    #expect(compared > 40)
    let renamed: Set = [
      "rx-checksum", "tx-generic-segmentation", "rx-gro", "rx-lro", "rx-vlan-hw-parse",
      "tx-vlan-hw-insert", "rx-ntuple-filter", "rx-hashing",
    ]
    #expect(Set(ours.states.keys).subtracting(listed.keys) == renamed)
  }
}
