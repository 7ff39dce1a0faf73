import Measurement
import Testing
import Traffic

@testable import Sweep
@testable import kvmtune

/// What `bench` says of its windows.
@Suite struct BenchTableTests {
  private static func window(
    _ purpose: BenchWindow.Purpose = .asked, unsteady: Double? = nil,
    drops: [String: UInt64] = [:], queues: [String: UInt64] = [:]
  ) -> BenchWindow {
    BenchWindow(
      workload: Workload(name: "w", datapath: .packet, kind: .flood),
      sample: Sample(
        startedAt: 0, duration: 1, metrics: unsteady.map { [.unsteady: $0] } ?? [:], drops: drops,
        queueDrops: queues), roundTrips: nil, purpose: purpose)
  }

  private static func members(_ window: BenchWindow) -> [String: Double] {
    BenchTable.json(window).compactMapValues {
      if case .number(let number) = $0 { number } else { nil }
    }
  }

  @Test func eachQueueThatDroppedIsAMember() {
    let window = Self.window(
      drops: ["qdisc": 0, "veth-queue": 12],
      queues: ["veth-queue.b.rx_queue_0_drops": 5, "veth-queue.b.rx_queue_1_drops": 7])
    #expect(
      Self.members(window) == [
        "duration_s": 1, "drop.qdisc": 0, "drop.veth-queue": 12,
        "drop.veth-queue.b.rx_queue_0_drops": 5, "drop.veth-queue.b.rx_queue_1_drops": 7,
      ])
    // For people the sum is enough.
    #expect(!BenchTable.text([window], width: nil).contains("rx_queue"))
  }

  @Test func aWindowThatWasExtendedSaysSo() {
    let windows = [
      Self.window(unsteady: 1), Self.window(.extended, unsteady: 0), Self.window(unsteady: 1),
      Self.window(.extended, unsteady: 1), Self.window(unsteady: 0),
    ]
    #expect(windows.map { Self.members($0)["extended"] } == [nil, 1, nil, 1, nil])
    let lines = BenchTable.text(windows, width: nil).split(separator: "\n").suffix(2)
    #expect(
      lines == [
        "window 2 is window 1 again, twice as long, as its rate did not hold still",
        "window 4 is window 3 again, twice as long, as its rate did not hold still; "
          + "neither did it then",
      ])
  }
}
