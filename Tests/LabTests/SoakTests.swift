import Foundation
import Kernel
import Lab
import Measurement
import TestSupport
import Testing

@testable import Traffic

/// Full rate over and over, as long as `KVMTUNE_SOAK_SECONDS` says, an hour with `make soak`: nothing
/// grows. The longer it takes, the longer are its windows, so that an hour is spent on traffic rather
/// than on making labs.
@Suite(.serialized, .enabled(if: LabTier.isOn, "\(LabTier.reason)"))
struct SoakTests {
  private static let seconds =
    ProcessInfo.processInfo.environment["KVMTUNE_SOAK_SECONDS"].flatMap(Double.init) ?? 20

  /// Seconds of a window.
  private static let window = min(max(seconds / 600, 0.1), 1)

  /// The part of the time after which all that is allocated once has been.
  private static let warmUp = 0.3
  /// A leak of one byte for each frame would be more within the shortest soak, one of a window's
  /// buffers within a few cycles.
  private static let mostGrowth = 4 << 20

  private static let workloads: [(LabTopology, Workload)] = [
    (.veth, Workload(name: "raw", datapath: .packet, kind: .flood, flows: 64)),
    (.veth, Workload(name: "stream", datapath: .tcp, kind: .stream)),
    (.veth, Workload(name: "echo", datapath: .packet, kind: .latency, rate: 10_000)),
    (.veth, Workload(name: "datagrams", datapath: .udp, kind: .flood)),
    (
      .bridgeTap,
      Workload(name: "guest", datapath: .tap, kind: .flood, direction: .both, flows: 16)
    ),
  ]

  @Test func nothingGrows() throws {
    let begin = MonotonicTime.now()
    func elapsed() -> Double { Double(MonotonicTime.now() - begin) / 1e9 }
    var warm: Usage?
    var most = Usage(memory: 0, descriptors: 0)
    var delivered = 0
    var cycles = 0
    while elapsed() < Self.seconds || cycles < 4 {
      delivered += try cycle()
      cycles += 1
      let now = try Usage.read()
      if warm == nil {
        if elapsed() > Self.seconds * Self.warmUp, cycles >= 2 { warm = now }
        continue
      }
      most.memory = max(most.memory, now.memory)
      most.descriptors = max(most.descriptors, now.descriptors)
    }
    let first = try #require(warm)
    #expect(delivered > 0)
    #expect(most.descriptors <= first.descriptors, "descriptors from \(first) to \(most)")
    #expect(
      most.memory <= first.memory + Self.mostGrowth,
      "\(cycles) cycles, \(delivered) frames: memory from \(first) to \(most)")
    print("soak: \(cycles) cycles, \(delivered) frames, from \(first) to at most \(most)")
  }

  /// Every workload once, in a lab of its own, for a few windows.
  private func cycle() throws -> Int {
    var delivered = 0
    for (topology, workload) in Self.workloads {
      let lab = try Lab.make(topology, named: Lab.randomName(), queues: 2)
      defer { lab.remove() }
      let session = try TrafficSession(workload, over: Traffic.Route(lab), runID: 1)
      defer { session.close() }
      for _ in 0..<3 {
        delivered += Int(try session.measure(seconds: Self.window).metrics[.delivered] ?? 0)
      }
    }
    return delivered
  }

  private struct Usage: CustomStringConvertible {
    /// Bytes that are resident.
    var memory: Int
    var descriptors: Int

    static func read() throws -> Usage {
      let status = try HostFiles.live.read("/proc/self/status")
      let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") })
      let kilobytes = try #require(line.split(separator: " ").dropFirst().first.flatMap { Int($0) })
      return Usage(
        memory: kilobytes << 10, descriptors: HostFiles.live.list("/proc/self/fd").count)
    }

    var description: String { "\(memory >> 10) KiB and \(descriptors) descriptors" }
  }
}
