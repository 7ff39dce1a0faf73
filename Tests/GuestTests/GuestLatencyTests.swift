import Foundation
import Kernel
import Lab
import Sweep
import TestSupport
import Testing

/// A delay that is known, by netem in a guest's own lab, and frames lost at every hop there.
@Suite(.serialized, .enabled(if: GuestTier.isOn, "\(GuestTier.reason)"))
struct GuestLatencyTests {
  private typealias Window = [String: Double]

  private static func windows(
    _ words: [String], in agent: GuestAgent, count: Int = 3, window: String = "300ms"
  ) throws -> [Window] {
    let words =
      ["bench", "--format", "json", "--windows", "\(count)", "--window", window] + words
    let run = try agent.run(GuestImage.program, words)
    try #require(run.succeeded, "\(words): \(run.errors)")
    let windows = try #require(
      JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [[String: Any]])
    return windows.map { $0.compactMapValues { $0 as? Double } }
  }

  /// The smallest of the medians: on a machine with other work the others are late as well.
  private static func median(_ words: [String], in agent: GuestAgent) throws -> Double {
    let latency = ["--kind", "latency", "--rate", "100pps", "--lab", "veth"]
    let found = try windows(latency + words, in: agent).compactMap { $0["latency_p50_us"] }
    return try #require(found.min())
  }

  @Test func aKnownDelayIsMeasured() throws {
    try GuestBench.withGuest(GuestDefinition(cpus: 2, interfaces: [])) { agent in
      for milliseconds in [1, 10] {
        // The timers of an emulated CPU are late by some 0.1 ms themselves.
        let limit = milliseconds > 1 || GuestBench.accelerator == .kvm ? 0.05 : 0.5
        let netem = ["--set", "qdisc=netem delay \(milliseconds)ms"]
        var errors: [Double] = []
        // A guest on an emulated CPU is at times held up for longer than that.
        for _ in 0..<6 where errors.allSatisfy({ abs($0) >= limit }) {
          let bare = try Self.median([], in: agent)
          let delayed = try Self.median(netem, in: agent)
          errors.append((delayed - bare) / (Double(milliseconds) * 1000) - 1)
        }
        #expect(errors.contains { abs($0) < limit }, "\(milliseconds) ms: \(errors)")
      }
    }
  }

  /// Disciplines of a stock kernel that refuse, and that drop what they have taken.
  @Test func theLedgerClosesWhateverDrops() throws {
    let scenes: [[String]] = [
      ["--set", "qdisc=netem loss 10%"], ["--set", "qdisc=netem loss 1% limit 20 delay 1ms"],
      ["--set", "qdisc=fq_codel limit 20"], ["--set", "qdisc=fq limit 20"],
      ["--set", "qdisc=tbf rate 5mbit burst 2kb limit 8kb"], ["--set", "qdisc=pfifo limit 10"],
      ["--set", "qdisc=cake bandwidth 5mbit"], ["--set", "qdisc=mq"],
      ["--lab", "bridge-tap", "--datapath", "tap", "--set", "txqueuelen=2"],
      ["--lab", "bridge-tap", "--datapath", "tap", "--set", "qdisc=netem loss 10%"],
    ]
    try GuestBench.withGuest(GuestDefinition(cpus: 2, interfaces: [])) { agent in
      var windows = 0
      var open: [String] = []
      for scene in scenes {
        for window in try Self.windows(
          ["--kind", "flood", "--flows", "16"] + scene, in: agent, count: 10, window: "50ms")
        {
          windows += 1
          let drops = window.filter { $0.key.hasPrefix("drop.") }.values.reduce(0, +)
          let unexplained = window["unexplained_frames"] ?? .nan
          #expect(
            window["offered_frames"] == (window["delivered_frames"] ?? .nan) + drops + unexplained,
            "\(scene): \(window)")
          if unexplained != 0 { open.append("\(scene): \(window)") }
        }
      }
      #expect(windows == 100)
      #expect(open.count <= 1, "\(open)")
    }
  }
}
