import Foundation
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

  @Test func aWindowTellsItsWorkloadAndWhatItWasFor() throws {
    let kinds: [(BenchWindow.Purpose, String)] = [
      (.asked, "asked"), (.extended, "extended"), (.search, "search"),
    ]
    for (purpose, word) in kinds {
      let members = BenchTable.json(Self.window(purpose))
      guard case .text("w") = members["workload"], case .text(word) = members["purpose"] else {
        Issue.record("\(members)")
        continue
      }
    }
  }

  /// A script that asks for a search gets an object, also where the search was stopped at once.
  @Test(arguments: [SearchKind.burst, .throughput]) func aSearchIsAlwaysAnObject(
    search: SearchKind
  ) throws {
    let text = try BenchTable.json([Self.window(.search)], of: search, nil, nil)
    let object = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
    #expect((object?["windows"] as? [Any])?.count == 1)
    #expect((object?[search == .burst ? "lengths_frames" : "goals"] as? [Any])?.isEmpty == true)
    let plain = try BenchTable.json([Self.window()], of: nil, nil, nil)
    #expect(try JSONSerialization.jsonObject(with: Data(plain.utf8)) is [[String: Any]])
  }
}
