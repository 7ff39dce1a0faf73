import Foundation
import Kernel
import Lab
import Sweep
import TestSupport
import Testing

/// vhost-net needs a kernel that has it: that of a guest, where kvmtune makes its lab.
@Suite(.serialized, .enabled(if: GuestTier.isOn, "\(GuestTier.reason)"))
struct VhostTests {
  /// What `bench` says of one window; counts are exact in a double.
  private typealias Window = [String: Double]
  private static let overTap = "--lab bridge-tap --datapath vhost"

  /// - Parameters:
  ///   - words: of `bench`, besides lab and datapath.
  ///   - place: those.
  private static func run(
    _ words: String, in agent: GuestAgent, window: String = "200ms", on place: String = overTap
  ) throws -> [Window] {
    let words = "bench \(place) --format json --windows 2 --window \(window) \(words)"
    let run = try agent.run(GuestImage.program, words.split(separator: " ").map(String.init))
    try #require(run.succeeded, "\(words): \(run.errors)")
    let windows = try #require(
      JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [[String: Any]])
    // What did not hold still is measured again; every window must add up.
    #expect(windows.count { $0["extended"] == nil } == 2)
    return windows.map { window in window.compactMapValues { $0 as? Double } }
  }

  /// Runs a bench until no frame of a window is missing, four times at most: on a machine with other
  /// work a frame may be too late for its window, but not every time.
  @discardableResult
  private static func complete(
    _ words: String, in agent: GuestAgent, window: String = "200ms", on place: String = overTap
  ) throws -> [Window] {
    var windows: [Window] = []
    for _ in 0..<4 {
      windows = try run(words, in: agent, window: window, on: place)
      for window in windows {
        for metric in ["corrupt_frames", "duplicated_frames"] {
          #expect(window[metric] == 0, "\(place) \(words): \(window)")
        }
      }
      if windows.allSatisfy(isComplete) { return windows }
    }
    Issue.record("\(place) \(words): \(windows)")
    return windows
  }

  /// Whether every frame is where the ledger says, by the receiver's count and the kernel's drop
  /// counters.
  private static func isComplete(_ window: Window) -> Bool {
    guard let offered = window["offered_frames"], let delivered = window["delivered_frames"] else {
      return false
    }
    let drops = window.filter { $0.key.hasPrefix("drop.") }.values.reduce(0, +)
    return delivered > 0 && offered == delivered + drops && window["unexplained_frames"] == 0
  }

  @Test func framesAreAccountedForOnSeveralQueues() throws {
    try GuestBench.withGuest(GuestDefinition(cpus: 3, interfaces: [])) { agent in
      for direction in ["to-guest", "from-guest", "both"] {
        for words in [
          "--kind flood", "--kind rate --rate 1kpps", "--kind burst --burst 300",
          "--kind flood --threads 3 --flows 32 --frame mtu --set mtu=9000",
        ] {
          let words = "\(words) --direction \(direction)"
          try Self.complete(words, in: agent)
        }
      }
    }
  }

  /// With one CPU the TAP has one queue. Here the rings' indices of 16 bits wrap as well.
  @Test func framesAreAccountedForOnOneQueue() throws {
    try GuestBench.withGuest(GuestDefinition(cpus: 1, interfaces: [])) { agent in
      try Self.complete("--kind flood --direction both", in: agent)
      for direction in ["to-guest", "from-guest"] {
        let words = "--kind flood --direction \(direction)"
        var most = 0.0
        var seconds = 4
        while most < 70_000, seconds <= 64 {
          let windows = try Self.complete(words, in: agent, window: "\(seconds)s")
          most = windows.compactMap { $0["delivered_frames"] }.reduce(0, +)
          seconds *= 2
        }
        #expect(most >= 70_000, "the indices did not wrap")
      }
    }
  }

  /// A macvtap, held by us or by vhost, and a NIC that vhost reaches through packet sockets; AF_XDP
  /// needs the libraries in the guest.
  @Test func otherBackendsAreAccountedFor() throws {
    let macvtap = "--lab macvtap --datapath macvtap"
    let places = [
      macvtap, "--lab macvtap --datapath vhost", "--lab veth --datapath vhost",
      "--lab veth --datapath xdp",
    ]
    try GuestBench.withGuest(GuestDefinition(cpus: 2, interfaces: [])) { agent in
      for place in places {
        for words in [
          "--kind burst --burst 300 --direction both",
          "--kind flood --threads 2 --flows 32 --frame mtu",
        ] {
          try Self.complete(words, in: agent, on: place)
        }
        let echoes = try Self.complete(
          "--kind latency --rate 200pps --flows 8", in: agent, on: place)
        for window in echoes { #expect(try #require(window["latency_p50_us"]) > 0) }
      }
      let bursts = try Self.complete(
        "--kind burst --burst 256 --set txqueuelen=2", in: agent, on: macvtap)
      for window in bursts { #expect(try #require(window["drop.tap-ring"]) > 0, "\(window)") }
    }
  }

  @Test func echoesComeBackAndAFullTapDrops() throws {
    try GuestBench.withGuest(GuestDefinition(cpus: 2, interfaces: [])) { agent in
      let echoes = try Self.complete("--kind latency --rate 200pps --flows 8", in: agent)
      for window in echoes { #expect(try #require(window["latency_p50_us"]) > 0) }
      let bursts = try Self.complete(
        "--kind burst --burst 256 --set txqueuelen=2", in: agent)
      for window in bursts { #expect(try #require(window["drop.tap-ring"]) > 0, "\(window)") }
    }
  }
}
