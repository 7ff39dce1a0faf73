import Foundation
import Lab
import Measurement
import TestSupport
import Testing

/// Traffic by hand, by the program itself. A token bucket lets a known rate through and holds a known
/// burst, so that what a search finds can be checked.
@Suite(.serialized, .enabled(if: LabTier.isOn, "\(LabTier.reason)"))
struct BenchTests {
  private static let frameBytes = 60
  /// Of the bucket: 10 Mbit/s are 20833 frames of 60 bytes a second.
  private static let passing = 10e6 / 8 / Double(frameBytes)
  private static let bucket = "qdisc=tbf rate 10mbit burst 3000 limit 6000"

  private static func bench(_ words: String..., statuses: Set<Int32> = [0]) throws -> Ended {
    let ended = try Program.kvmtune.run(["bench"] + words)
    try #require(statuses.contains(ended.status), "\(words): \(ended.errors)")
    return ended
  }

  private static func object(_ ended: Ended) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(ended.output.utf8)) as? [String: Any])
  }

  @Test func theSearchFindsWhatATokenBucketLetsThrough() throws {
    let ended = try Self.bench(
      "--search", "throughput", "--set", Self.bucket, "--format", "json", statuses: [0, 2])
    let found = try Self.object(ended)
    let goals = try #require(found["goals"] as? [[String: Any]])
    #expect(goals.compactMap { $0["loss_ratio"] as? Double } == [0, 0.005])
    for goal in goals {
      let passed = try #require(goal["passed_pps"] as? Double, "\(goal)")
      let failed = try #require(goal["failed_pps"] as? Double, "\(goal)")
      let throughput = try #require(goal["throughput_pps"] as? Double)
      // In half a second the bucket and its queue let 150 frames more through.
      #expect(passed < failed && throughput <= passed)
      #expect(passed > 0.7 * Self.passing && passed < 1.1 * Self.passing, "\(goal)")
      #expect(failed > 0.9 * Self.passing, "\(goal)")
    }
    #expect((found["windows"] as? [[String: Any]])?.isEmpty == false)
  }

  /// The bucket is in one way's way only: a rate that passes both ways is no more than it lets through.
  @Test func aRateThatPassesOneWayAloneDoesNotPassBoth() throws {
    let ended = try Self.bench(
      "--search", "throughput", "--direction", "both", "--set", Self.bucket, "--format", "json",
      statuses: [0, 2])
    let goals = try #require(try Self.object(ended)["goals"] as? [[String: Any]])
    #expect(goals.count == 2)
    for goal in goals {
      #expect(goal["failed_pps"] is Double, "\(goal)")
      // Nothing at all may pass where the machine is busy with something else.
      #expect(goal["passed_pps"] as? Double ?? 0 < 1.1 * Self.passing, "\(goal)")
    }
  }

  @Test func theLongestBurstIsWhatTheQueueHolds() throws {
    let ended = try Self.bench(
      "--search", "burst", "--burst", "4000", "--tests", "3", "--set", Self.bucket, "--format",
      "json")
    let found = try Self.object(ended)
    let average = try #require(found["average_frames"] as? Double)
    // 3000 bytes of tokens, 6000 of queue, and what passes while the burst is sent.
    let held = 9000.0 / Double(Self.frameBytes)
    #expect(average > held * 0.8 && average < held * 2, "\(found["lengths_frames"] ?? "")")
    #expect(found["reached_limit"] as? Bool == false)
    #expect((found["lengths_frames"] as? [Int])?.count == 3)
  }

  /// Super-frames are whole or not there.
  @Test func aBurstOfSuperFramesIsANumberOfThem() throws {
    let ended = try Self.bench(
      "--search", "burst", "--datapath", "udp", "--segments", "8", "--burst", "4000", "--tests",
      "2", "--set", Self.bucket, "--format", "json")
    let lengths = try #require(try Self.object(ended)["lengths_frames"] as? [Int])
    #expect(lengths.count == 2 && lengths.allSatisfy { $0.isMultiple(of: 8) }, "\(lengths)")
  }

  @Test func roundTripsAtShares() throws {
    let ended = try Self.bench(
      "--kind", "latency", "--load", "10%,50%", "--set", Self.bucket, "--windows", "2", "--window",
      "300ms", statuses: [0, 2])
    #expect(ended.output.contains("packet-latency-10.0%, "))
    #expect(ended.output.contains("packet-latency-50.0%, "))
    #expect(ended.output.contains(#/\d+ us …  +\d+ (us|ms) +\d+  [█▏▎▍▌▋▊▉]/#))
  }

  @Test func theTableOfASearchReadsBack() throws {
    let ended = try Self.bench(
      "--search", "throughput", "--set", Self.bucket, "--format", "csv", statuses: [0, 2])
    let table = try TrialTable(decoding: Array(ended.output.utf8))
    #expect(table.schema.knobs == ["qdisc"])
    #expect(table.records.count > 5)
    #expect(table.records.map(\.trial) == Array(0..<table.records.count))
    #expect(table.records.contains { $0.measured.metrics[.intendedRate] != nil })
  }

  /// A burst every quarter of a second: no two tenths of a window are alike.
  private static let bursts = [
    "--kind", "burst", "--burst", "1000", "--rate", "4000pps", "--windows", "1", "--window",
  ]

  @Test func aWindowThatDoesNotHoldStillIsExtended() throws {
    let ended = try Program.kvmtune.run(["bench"] + Self.bursts + ["1s", "--format", "json"])
    try #require(ended.status == 0, "\(ended.errors)")
    let windows = try #require(
      try JSONSerialization.jsonObject(with: Data(ended.output.utf8)) as? [[String: Any]])
    try #require(windows.count == 2)
    #expect(windows.map { $0["extended"] as? Int } == [nil, 1])
    #expect(windows.map { $0["unsteady"] as? Int } == [1, 1])
    let frames = windows.compactMap { $0["offered_frames"] as? Int }
    #expect(frames.count == 2 && frames[1] > frames[0] * 3 / 2, "\(frames)")
    let text = try Program.kvmtune.run(["bench"] + Self.bursts + ["1s"])
    #expect(
      text.output.contains(
        "window 2 is window 1 again, twice as long, as its rate did not hold still; "
          + "neither did it then"), "\(text.output)")
  }

  /// A short window has no tenths to compare.
  @Test func aShortWindowIsNotExtended() throws {
    let ended = try Program.kvmtune.run(["bench"] + Self.bursts + ["600ms", "--format", "json"])
    let windows = try #require(
      try JSONSerialization.jsonObject(with: Data(ended.output.utf8)) as? [[String: Any]])
    #expect(windows.count == 1 && windows[0]["unsteady"] == nil && windows[0]["extended"] == nil)
  }

  @Test func aBenchLeavesNothing() throws {
    let before = Set(Lab.leftovers())
    _ = try Self.bench("--windows", "1", "--window", "20ms")
    #expect(Set(Lab.leftovers()).subtracting(before).isEmpty)
  }
}
