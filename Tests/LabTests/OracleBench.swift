import Foundation
import Kernel
import Netlink
import Testing

/// A namespace with a veth pair `va`, `vb` (two queues), a bridge `b0` and a TAP `t0`, all up,
/// a session of ours in it, and the tools of others.
final class OracleBench {
  let namespace: NetworkNamespace
  let session: NetlinkSession
  private var tap: TapDevice?

  static let tools = "/usr/sbin:/usr/bin:/sbin:/bin"

  /// Always true where the lab is required, so that what is missing fails a test there.
  static var isUsable: Bool {
    let environment = ProcessInfo.processInfo.environment
    if environment["KVMTUNE_REQUIRE"]?.contains("lab") == true { return true }
    return geteuid() == 0
      && ["ethtool", "ip", "tc"].allSatisfy { tool in
        tools.split(separator: ":").contains {
          FileManager.default.isExecutableFile(atPath: "\($0)/\(tool)")
        }
      }
  }

  init() throws {
    let name = "kvmtune-test-\(UInt32.random(in: 0...(.max)))"
    namespace = try NetworkNamespace.create(named: name)
    do {
      session = try NetlinkSession(in: namespace)
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
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.environment = ["PATH": Self.tools, "LC_ALL": "C"]
    process.arguments = ["ip", "netns", "exec", namespace.name ?? ""] + words
    let (output, errors) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    let complaint = String(
      decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    if process.terminationStatus != 0 { throw ToolFailure(words: words, complaint: complaint) }
    return text
  }

  struct ToolFailure: Error {
    let words: [String]
    let complaint: String
  }

  /// What stands behind `key:` on the first line that begins with it.
  static func value(_ text: String, _ key: String) -> String? { values(text, key).first }

  /// The numbers behind `key:`, of every line that begins with it; `n/a` is passed over.
  static func numbers(_ text: String, _ key: String) -> [Int] {
    values(text, key).compactMap { Int($0) }
  }

  private static func values(_ text: String, _ key: String) -> [String] {
    text.split(separator: "\n").compactMap { line in
      let line = line.trimmingCharacters(in: .whitespaces)
      guard line.hasPrefix("\(key):") else { return nil }
      return line.dropFirst(key.count + 1).trimmingCharacters(in: .whitespaces)
    }
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
  }
}
