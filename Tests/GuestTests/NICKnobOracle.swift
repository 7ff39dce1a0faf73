import Foundation
import Knobs
import Measurement
import TestSupport
import Testing

/// Values to try for a knob of a real driver, and how others read it.
extension NICBench {
  /// Values other than what is there; few, since many a driver takes its link down for each.
  func values(for knob: any Knob, found: KnobValue, in domain: Domain) throws -> [KnobValue] {
    let most = domain.maximum ?? 0
    let words: [String] =
      switch knob.name.rawValue {
      case "mtu": ["\(min(9000, most))"]
      case "channels.combined": ["1", "\(most)"]
      case "ring.rx", "ring.tx":
        if case .choices(let sizes) = domain {
          sizes.prefix(2).map(\.description)
        } else {
          ["1", "\(most)"]
        }
      case let name where name.hasPrefix("coalesce."): ["100"]
      case "txqueuelen": ["77"]
      case "qdisc":
        ["cake bandwidth 1gbit", "htb rate 1gbit", "mq", "default"]
      case "irq.affinity": ["node-local", "cpu:3"]
      case "rps", "xps": [try each(knob.name.rawValue)]
      case "sysctl.net.ipv4.ip_local_port_range": ["20000 30000"]
      // The kernel takes no less than two of its ticks.
      case "sysctl.net.core.netdev_budget_usecs": ["20000"]
      case let name where name.hasPrefix("sysctl."): ["4321"]
      default: ["off", "on"]
      }
    return try words.map(KnobValue.init).filter { try $0 != found && domain.contains($0) }
  }

  /// `each:3/2/…` for the queues of one direction.
  private func each(_ kind: String) throws -> String {
    let queues = try agent.list("\(folder)/queues")
      .filter { $0.hasPrefix(kind == "rps" ? "rx" : "tx") }
    // Lists that are all alike are spelled as one.
    if queues.count == 1 { return "2" }
    return "each:" + queues.indices.map { "\(3 - $0 % 4)" }.joined(separator: "/")
  }

  /// Compares what we said with what others say.
  func compare(_ knob: any Knob, _ value: KnobValue, _ effective: KnobValue?) throws {
    let name = knob.name.rawValue
    let parts = name.split(separator: ".").map(String.init)
    let effective = try #require(effective, "\(name)")
    switch parts[0] {
    case "feature":
      let line = [
        "gro": "generic-receive-offload", "gso": "generic-segmentation-offload",
        "tso": "tcp-segmentation-offload", "tx-checksum": "tx-checksumming",
      ]
      let text = try agent.tool("ethtool", "-k", nic.device)
      let state = ToolText.value(text, try #require(line[parts[1]]))?.split(separator: " ").first
      #expect(state.map(String.init) == effective.description, "\(name)")
      #expect(effective == value, "\(name)")
    case "mtu", "txqueuelen":
      let link = try #require(
        try agent.objects("ip", "-j", "link", "show", "dev", nic.device).first)
      #expect(link[name == "mtu" ? "mtu" : "txqlen"] as? Int == value.integer, "\(name)")
      #expect(effective == value, "\(name)")
    case "channels", "ring", "coalesce": try compareNumber(parts, value, effective)
    case "qdisc":
      let root = try agent.objects("tc", "-j", "qdisc", "show", "dev", nic.device, "root")
      let kind = try #require(root.first?["kind"] as? String)
      let asked = value.description.split(separator: " ")[0]
      #expect(asked == "default" || asked == kind, "\(value)")
      #expect(effective.description.split(separator: " ").first == kind[...], "\(value)")
    case "irq": try compareAffinity(value, effective)
    case "rps", "xps": try compareSteering(name, value, effective)
    default:
      let path = "/proc/sys/" + parts.dropFirst().joined(separator: "/")
      let words = try agent.read(path).split { $0 == "\t" || $0 == "\n" }
      #expect(words.joined(separator: " ") == value.description, "\(name)")
      #expect(effective == value, "\(name)")
    }
  }

  private func compareNumber(_ parts: [String], _ value: KnobValue, _ effective: KnobValue) throws {
    let (option, line) =
      switch parts[0] {
      case "channels": ("-l", "Combined")
      case "ring": ("-g", parts[1].uppercased())
      default: ("-c", parts[1])
      }
    let shown = ToolText.numbers(try agent.tool("ethtool", option, nic.device), line).last
    #expect(shown == effective.integer, "\(parts) \(value)")
    // Drivers round sizes of rings, and none makes them smaller than they were asked to be.
    let (asked, got) = try (#require(value.integer), #require(effective.integer))
    let isExact = parts[0] != "ring" || asked > 1
    #expect(isExact ? got == asked : asked <= got && got <= asked + 64, "\(parts): \(asked)")
  }

  private func compareAffinity(_ value: KnobValue, _ effective: KnobValue) throws {
    let cpus =
      switch value.description {
      case "spread": [0, 1, 2, 3]
      case "node-local": near
      case "one-cpu": [near[0]]
      default: [3]
      }
    let (serving, affinities) = try (serving(), affinities())
    #expect(!serving.isEmpty)
    let expected = serving.map { "\(cpus[($0.queue ?? 0) % cpus.count])" }
    #expect(serving.map { affinities[$0.action] } == expected, "\(value)")
    #expect(effective.description == "each:" + expected.joined(separator: "/"), "\(value)")
  }

  private func compareSteering(_ kind: String, _ value: KnobValue, _ effective: KnobValue) throws {
    let masks = try steering().filter { $0.contains(kind) }.map { $0.split(separator: " ")[1] }
    let text = value.description
    let lists =
      text.hasPrefix("each:")
      ? text.dropFirst(5).split(separator: "/").map(String.init)
      : masks.map { _ in text }
    let bits = ["0": "1", "1": "2", "2": "4", "3": "8", "0-3": "f"]
    #expect(masks.map(String.init) == lists.map { bits[$0] }, "\(kind) \(value)")
    #expect(effective == value, "\(kind)")
  }
}
