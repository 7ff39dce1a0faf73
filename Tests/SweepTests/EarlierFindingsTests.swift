import Foundation
import Knobs
import Measurement
import Optimiser
import TestSupport
import Testing

@testable import Sweep

/// What one sweep hands on to the next.
@Suite struct EarlierFindingsTests {
  private static func space(_ originals: [KnobName: KnobValue]) throws -> SearchSpace {
    try SearchSpace([
      .init(knob: "mtu", values: [SearchSpace.untouched, .number(9000)]),
      .init(knob: "qdisc", values: [SearchSpace.untouched, .word("fq"), .word("pfifo")]),
    ]).normalised(originals: Configuration(originals))
  }

  /// A knob that is not swept any more goes; a value that the target has by now is its default.
  @Test func isFittedToTheSpace() throws {
    let earlier = EarlierFindings(
      run: "r",
      configurations: [
        Configuration(["mtu": .number(9000), "qdisc": .word("fq"), "ring.rx": .number(512)]),
        Configuration(["ring.rx": .number(512)]),
        Configuration(["qdisc": .word("cake")]),
      ])
    let found = earlier.configurations(in: try Self.space(["mtu": .number(9000)]))
    #expect(
      found == [
        Configuration(["qdisc": .word("fq")]), .baseline, Configuration(["qdisc": .word("cake")]),
      ])
    let plan = try SearchPlan(
      .random(trials: 2, seed: 1), on: Self.space([:]), margin: 0.02, start: found)
    #expect(plan.start == [Configuration(["qdisc": .word("fq")])])
  }

  /// A damaged file must not become settings that no profile could have.
  @Test func aSamplingThatNoProfileHasIsNoStart() throws {
    let sound =
      #"{"sampling": {"slice": 0.02, "pairs": 8, "blocks": 6, "confirmingBlocks": 12, "isPlanned": false}}"#
    func read(_ text: String) throws -> RunStart {
      try JSONDecoder().decode(RunStart.self, from: Data(text.utf8))
    }
    #expect(try read(sound).sampling == Profile.Sampling())
    for (old, new) in [
      ("8", "-1"), ("8", "1001"), ("0.02", "0"), (": 6", ": 7"), ("12", "0"), ("0.02", "1e9"),
    ] {
      #expect(throws: DecodingError.self) { try read(sound.replacing(old, with: new)) }
    }
  }

  @Test func aSweepThatFoundNothingHandsNothingOn() throws {
    let objective = try Objective(.maximise, .throughput)
    #expect(EarlierFindings(.sample(host: "kvm1", at: 0), objective) == nil)
  }
}
