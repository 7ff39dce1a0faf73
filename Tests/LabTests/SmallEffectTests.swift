import Foundation
import Knobs
import Measurement
import TestSupport
import Testing
import Traffic

/// A known difference of about 1 % between twins is seen within about 10 s, and none where there is
/// none.
///
/// `make effect` tries a hundred times and prints the counts.
@Suite(.serialized, .enabled(if: LabTier.isOn, "\(LabTier.reason)"))
struct SmallEffectTests {
  /// Two settings of a lab, the second of which carries about 1 % more.
  enum Difference: String, CaseIterable, Sendable {
    /// Token buckets at 200 and 202 Mbit/s. A slice of 20 ms also empties what the bucket held when
    /// it began, so that 0.9 % are left.
    case shaper
    /// Frames of an MTU of 1515 bytes hold 0.99 % more than those of 1500. What 15 bytes more cost
    /// is taken off that; the tries together tell what is left. The CPU is the limit, so that all
    /// noise of the machine is in it.
    case longerFrames = "longer frames"

    var settings: (less: [KnobName: KnobValue], more: [KnobName: KnobValue]) {
      func bucket(_ rate: Int) -> KnobValue {
        .word("tbf rate \(rate)mbit burst 64kb limit 32kb")
      }
      return switch self {
      case .shaper: (["qdisc": bucket(200)], ["qdisc": bucket(202)])
      case .longerFrames: (["mtu": .number(1500)], ["mtu": .number(1515)])
      }
    }

    var workload: Workload {
      Workload(
        name: "bulk", datapath: .packet, kind: .flood,
        frame: self == .shaper ? .bytes(512) : .mtu)
    }
  }

  private static let usualTries = 3
  private static let tries =
    ProcessInfo.processInfo.environment["KVMTUNE_EFFECT_TRIES"].flatMap { Int($0) } ?? usualTries
  /// With all that belongs to a block, about 10 s. Most of the pairs of a block must be spoilt by
  /// what else runs before its median is, so blocks are long.
  private static let sampling = Finding.blocks(12, pairs: 20)

  /// The most tries that a machine with much other work gets.
  private static let mostTries = 15

  /// A shaper is seen at once where little else runs, and three times in fifteen on any machine. Where
  /// the CPU is the limit its noise decides, so a test only asks that what was called was called
  /// rightly.
  @Test(arguments: Difference.allCases) func aPercentIsSeen(_ difference: Difference) throws {
    let (less, more) = difference.settings
    var findings: [Finding] = []
    var (right, wrong) = (0, 0)
    func isDone() -> Bool {
      guard Self.tries == Self.usualTries, difference == .shaper else {
        return findings.count == Self.tries
      }
      return right == 3 || findings.count == Self.mostTries
    }
    while !isDone() {
      let attempt = findings.count
      let isBetter = attempt.isMultiple(of: 2)
      let finding = try Finding(
        of: isBetter ? more : less, against: isBetter ? less : more, with: difference.workload,
        sampling: Self.sampling, margin: 0)
      findings.append(finding)
      if finding.verdict == (isBetter ? .better : .worse) { right += 1 }
      if finding.verdict == (isBetter ? .worse : .better) { wrong += 1 }
    }
    Self.report("\(difference.rawValue): \(right) right, \(wrong) wrong", findings)
    if difference == .shaper { #expect(right >= 3, "\(findings)") }
    #expect(Double(wrong) <= Self.mostByChance(tries: findings.count), "\(findings)")
  }

  @Test(arguments: Difference.allCases) func equalTwinsAreSeldomToldApart(
    _ difference: Difference
  ) throws {
    let less = difference.settings.less
    let findings = try (0..<Self.tries).map { _ in
      try Finding(
        of: less, against: less, with: difference.workload, sampling: Self.sampling, margin: 0)
    }
    let called = findings.count { $0.verdict == .better || $0.verdict == .worse }
    Self.report("\(difference.rawValue), equal: \(called) called different", findings)
    #expect(Double(called) <= Self.mostByChance(tries: Self.tries), "\(findings)")
  }

  /// Chance calls one of twenty: two of three would be one case in a hundred and forty.
  private static func mostByChance(tries: Int) -> Double {
    let expected = 0.05 * Double(tries)
    return expected + 4 * (0.95 * expected).squareRoot()
  }

  /// For whoever asked for another number of tries.
  private static func report(_ line: String, _ findings: [Finding]) {
    guard tries != usualTries else { return }
    let effects = findings.map { String(format: "%+.2f", ($0.effect.ratio - 1) * 100) }
    let visible = Series.median(findings.compactMap(\.effect.smallestVisible)) ?? .nan
    print("\(line), of \(tries); effects in %: \(effects.joined(separator: " "))")
    print(String(format: "  smallest visible effect, the median: %.2f %%", visible * 100))
    // Every other try has the sides the other way round: the one mean is free of what the candidate
    // gets for being the candidate, the other is that.
    let gains = findings.map { log($0.effect.ratio) }
    let turned = gains.enumerated().map { $0.offset.isMultiple(of: 2) ? $0.element : -$0.element }
    for (name, values) in [("effect of all tries", turned), ("candidate's own", gains)] {
      guard let estimate = Estimate(values), let interval = estimate.interval else { continue }
      let percents = [estimate.mean, interval.lower, interval.upper].map { expm1($0) * 100 }
      let words = percents.map { String(format: "%+.2f %%", $0) }
      print("  \(name): \(words[0]), interval \(words[1]) … \(words[2])")
    }
  }
}
