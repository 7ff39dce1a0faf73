import Foundation
import Kernel
import Knobs
import Measurement
import TestSupport
import Testing

/// Values to try for a knob, and how others read it.
enum KnobOracle {
  /// Values other than the one that is there.
  static func values(for knob: any Knob, found: KnobValue) -> [KnobValue] {
    switch knob.name.rawValue {
    case "mtu": [9000, 1280].map(KnobValue.number)
    case "channels.rx", "channels.tx": [.number(1)]
    case "txqueuelen": [2, 77].map(KnobValue.number)
    case "coalesce.rx-frames": [.number(16)]
    case "qdisc":
      [
        "pfifo limit 100", "bfifo limit 64kb", "fq_codel",
        "tbf rate 100mbit burst 32kb latency 50ms",
        "htb rate 1gbit", "fq", "mq", "netem delay 1ms", "pfifo_fast", "default",
      ].map(KnobValue.init)
    case "rps", "xps": ["1", "0-1", "each:1/0", "0"].map(KnobValue.init)
    case "sysctl.net.ipv4.ip_local_port_range": [.word("20000 30000")]
    case _ where knob.name.rawValue.hasPrefix("sysctl."): [.number(4321)]
    default: found == .flag(true) ? [.flag(false)] : [.flag(true), .flag(false)]
    }
  }

  /// Compares what we said with what the tools say.
  static func compare(
    _ knob: any Knob, _ value: KnobValue, _ effective: KnobValue?, _ bench: KnobBench
  ) throws {
    let (sender, receiver) = (bench.target.transmitter, bench.target.receiver)
    switch knob.name.rawValue {
    case "mtu":
      for device in bench.lab.path {
        let link = try bench.json(device, "ip", "-j", "link", "show", "dev", device.name)
        #expect(link["mtu"] as? Int == value.integer, "\(device.name)")
      }
    case "txqueuelen":
      let link = try bench.json(sender, "ip", "-j", "link", "show", "dev", sender.name)
      #expect(link["txqlen"] as? Int == value.integer)
    case "channels.rx", "channels.tx":
      for device in [sender, receiver] {
        let text = try bench.tool(device, "ethtool", "-l", device.name)
        let direction = knob.name == "channels.rx" ? "RX" : "TX"
        #expect(ToolText.numbers(text, direction).last == value.integer)
      }
    case "coalesce.rx-frames":
      let text = try bench.tool(receiver, "ethtool", "-c", receiver.name)
      #expect(ToolText.numbers(text, "rx-frames") == [16])
    case "qdisc": return try compareQdisc(value, effective, bench)
    case "rps", "xps":
      #expect(effective == value)
      return try compareSteering(knob.name.rawValue, value.description, bench)
    case let name where name.hasPrefix("feature."):
      let device = name == "feature.gro" ? receiver : sender
      let text = try bench.tool(device, "ethtool", "-k", device.name)
      let line = try #require(
        [
          "feature.gro": "generic-receive-offload", "feature.gso": "generic-segmentation-offload",
          "feature.tso": "tcp-segmentation-offload", "feature.tx-checksum": "tx-checksumming",
        ][name])
      let state = try #require(ToolText.value(text, line)).split(separator: " ").first
      #expect(state.map(String.init) == effective?.description, "\(name)")
      if bench.lab.topology == .veth { #expect(effective == value, "\(name)") }
      return
    case let name where knob.scope == .host:
      let file = try #require(name.split(separator: ".").last)
      #expect(try bench.hostSetting(String(file)) == value.description)
    case let name:
      for device in [sender, receiver] {
        let text = try bench.tool(device, "sysctl", "-n", String(name.dropFirst(7)))
        let words = text.split { $0 == "\t" || $0 == "\n" }
        #expect(words.joined(separator: " ") == value.description)
      }
    }
    #expect(effective == value, "\(knob.name)")
  }

  private static func compareQdisc(
    _ value: KnobValue, _ effective: KnobValue?, _ bench: KnobBench
  ) throws {
    let device = bench.target.transmitter
    let root = try bench.json(device, "tc", "-j", "qdisc", "show", "dev", device.name, "root")
    let kind = try #require(root["kind"] as? String)
    let asked = String(value.description.split(separator: " ")[0])
    let own = bench.lab.topology == .veth ? "noqueue" : "mq"
    #expect(kind == (asked == "default" ? own : asked))
    let words = try #require(effective?.description)
    #expect(words == kind || words.hasPrefix(kind + " "), "\(words)")
    let options = root["options"] as? [String: Any]
    if value == .word("pfifo limit 100") { #expect(options?["limit"] as? Int == 100) }
    if asked == "tbf" { #expect(options?["rate"] as? Int == 12_500_000) }
  }

  private static func compareSteering(_ kind: String, _ text: String, _ bench: KnobBench) throws {
    let device = kind == "rps" ? bench.target.receiver : bench.target.transmitter
    let direction = kind == "rps" ? "rx" : "tx"
    let lists =
      text.hasPrefix("each:")
      ? text.dropFirst(5).split(separator: "/").map(String.init) : [text, text]
    for (queue, list) in lists.enumerated() {
      let path = "/sys/class/net/\(device.name)/queues/\(direction)-\(queue)/\(kind)_cpus"
      let mask = try bench.tool(device, "cat", path).trimmingCharacters(in: .newlines)
      #expect(CPUSet(mask: mask) == CPUSet(list: list), "\(path)")
    }
  }
}
