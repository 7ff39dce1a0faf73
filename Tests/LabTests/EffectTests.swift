import Glibc
import Knobs
import Lab
import Measurement
import Sweep
import TestSupport
import Testing
import Traffic

/// Effects that are known to be there are found, by the machinery that a sweep uses.
@Suite(.serialized, .enabled(if: LabTier.isOn, "\(LabTier.reason)"))
struct EffectTests {
  private static let stream = Workload(name: "stream", datapath: .tcp, kind: .stream)
  private static let bulk = Workload(name: "bulk", datapath: .packet, kind: .flood, frame: .mtu)

  /// What else runs on the machine hides effects and makes them smaller, so one of six moments must
  /// be quiet enough to decide, and to show what is better with at least `ratio`. It turns none
  /// round: what is told wrongly stays told.
  private static func telling(
    ratio: Double = 0, _ find: () throws -> Finding
  ) rethrows -> Finding {
    for _ in 1..<6 {
      if let finding = try? find(), finding.verdict != .inconclusive,
        finding.verdict != .better || finding.effect.ratio >= ratio
      {
        return finding
      }
    }
    return try find()
  }

  /// Without segmentation offload every segment costs, so that larger ones pay.
  @Test func jumboFramesCarryAStreamWithoutSegmentationOffload() throws {
    let finding = try Self.telling(ratio: 1.8) {
      try Finding(
        of: ["feature.tso": .flag(false), "mtu": .number(9000)],
        against: ["feature.tso": .flag(false)], with: Self.stream)
    }
    #expect(finding.verdict == .better, "\(finding)")
    #expect(finding.effect.ratio >= 1.8, "\(finding)")
  }

  @Test func receiveOffloadHelpsAStreamWithoutSegmentationOffload() throws {
    let finding = try Self.telling {
      try Finding(
        of: ["feature.tso": .flag(false), "feature.gro": .flag(true)],
        against: ["feature.tso": .flag(false)], with: Self.stream)
    }
    #expect(finding.verdict == .better, "\(finding)")
  }

  @Test func aStreamLosesWithoutSegmentationOffload() throws {
    let finding = try Self.telling {
      try Finding(of: ["feature.tso": .flag(false)], with: Self.stream)
    }
    #expect(finding.verdict == .worse, "\(finding)")
    #expect(finding.effect.ratio < 0.6, "\(finding)")
  }

  @Test func framesThatFillALargerMTUCarryMore() throws {
    let finding = try Self.telling {
      try Finding(of: ["mtu": .number(9000)], with: Self.bulk)
    }
    #expect(finding.verdict == .better, "\(finding)")
  }

  @Test func aTokenBucketIsWorseThanNone() throws {
    let finding = try Self.telling {
      try Finding(
        of: ["qdisc": .word("tbf rate 100mbit burst 32kb latency 5ms")], with: Self.bulk)
    }
    #expect(finding.verdict == .worse, "\(finding)")
  }

  /// A ring of 2 in front of the guest cannot take a burst of 64: what it loses, it loses there.
  @Test func aShortRingLosesBursts() throws {
    let bursts = Workload(name: "bursts", datapath: .tap, kind: .burst)
    let finding = try Self.telling {
      try Finding(
        of: ["txqueuelen": .number(2)], with: bursts, in: .bridgeTap, metric: .deliveredRate)
    }
    #expect(finding.verdict == .worse, "\(finding)")
    for block in finding.trial.soundBlocks(of: bursts.name) {
      let pairs = block.pairs.filter(\.isValid)
      let short = pairs.map(\.candidate)
      let usual = pairs.map(\.reference)
      #expect(dropped(short) > dropped(usual))
      #expect(loss(short) > loss(usual))
      for sample in short + usual {
        #expect(sample.metrics[.unexplained] == 0, "\(sample)")
      }
      for sample in short {
        let lost = try #require(sample.metrics[.lost])
        #expect(lost > 0 && Double(sample.drops["tap-ring"] ?? 0) == lost, "\(sample)")
      }
    }
  }

  private func dropped(_ samples: [Sample]) -> UInt64 {
    samples.reduce(0) { $0 + ($1.drops["tap-ring"] ?? 0) }
  }

  private func loss(_ samples: [Sample]) -> Double {
    samples.reduce(0) { $0 + ($1.metrics[.loss] ?? 0) }
  }
}
