import Foundation
import TestSupport
import Testing

/// A namespace of a test's own that stands for a host, with cables between NICs: `a` and `b`, `c`
/// and `d`.
final class Cables {
  let namespace = "tune-test-\(UInt32.random(in: 0 ... .max))"
  let nics: [String]

  /// - Parameter count: one or two.
  init(_ count: Int) throws {
    nics = Array(["a", "b", "c", "d"].prefix(2 * count))
    try ip("netns add \(namespace)")
    for place in stride(from: 0, to: nics.count, by: 2) {
      try inside("link add name \(nics[place]) type veth peer name \(nics[place + 1])")
    }
    for device in ["lo"] + nics { try inside("link set dev \(device) up") }
  }

  deinit { _ = try? Program.tool("ip")?.run(["netns", "delete", namespace]) }

  private func ip(_ words: String) throws {
    let tool = try #require(Program.tool("ip"))
    let ended = try tool.run(words.split(separator: " ").map(String.init))
    try #require(ended.status == 0, "\(words): \(ended.errors)")
  }

  private func inside(_ words: String) throws { try ip("-n \(namespace) \(words)") }

  /// What the tools say of everything in it.
  func everything() throws -> [String] {
    func tool(_ words: String...) throws -> String {
      let tool = try #require(Program.tool(words[0]), "\(words[0]) is not installed")
      let ended = try tool.inNamespace(namespace).run(Array(words.dropFirst()))
      return try #require(ended.status == 0 ? ended.output : nil, "\(words): \(ended.errors)")
    }
    var texts = [try tool("sh", "-c", Self.settings), try tool("ip", "-d", "-j", "link")]
    // The handle of a qdisc says only in which order things were attached.
    texts.append(try tool("tc", "-j", "qdisc").replacing(#/"handle":"[0-9a-f]+:",?/#, with: ""))
    for nic in nics { texts.append(try tool("ethtool", "--json", "-k", nic)) }
    return texts
  }

  /// Prints the settings of a host or a namespace.
  static let settings = "grep -s . /proc/sys/net/core/* /proc/sys/net/ipv4/tcp_max_syn_backlog"
}
