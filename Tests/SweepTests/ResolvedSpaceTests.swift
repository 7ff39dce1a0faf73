import Measurement
import Optimiser
import Testing

@testable import Sweep

/// What the knobs and rules of a profile come to on a device, which has an mtu of 68 to 9000, a ring
/// of 64 to 1024 and a qdisc, and nothing else.
@Suite struct ResolvedSpaceTests {
  private static let knobs = """
    knobs:
      mtu: [default, 4000, max]
      ring.rx: {from: 64, to: max, scale: log2}
      qdisc: [default, fq]
      coalesce.rx-usecs: [0, 10]
    """

  private static func resolve(_ search: String, _ knobs: String = knobs) throws -> ResolvedSpace {
    let text = ProfileText(knobs: knobs, rest: "search: {controls: keep, \(search)}")
    return try ResolvedSpace(text.parse(), on: ScriptedTuner(), file: "p.yaml")
  }

  private static func tried(_ search: String) throws -> [Configuration] {
    let text = ProfileText(knobs: knobs, rest: "search: {controls: keep, \(search)}")
    return try Campaign(text.parse(), try resolve(search).space, file: "p.yaml").plan.fixed
  }

  /// `max` is what the device says.
  @Test func aRuleMayNameTheEndsOfTheRange() throws {
    let most = try Self.tried("forbid: [{mtu: max, ring.rx: max}]")
    #expect(most.contains { $0["mtu"] == .number(9000) })
    #expect(most.contains { $0["ring.rx"] == .number(1024) })
    #expect(!most.contains { $0["mtu"] == .number(9000) && $0["ring.rx"] == .number(1024) })
    let conditional = try Self.tried("only-if: {qdisc: {ring.rx: max}}")
    #expect(conditional.contains { $0["qdisc"] != nil })
    #expect(conditional.allSatisfy { $0["qdisc"] == nil || $0["ring.rx"] == .number(1024) })
  }

  /// What the target has already is `default`.
  @Test func aRuleMayNameTheValueAsFound() throws {
    for value in ["1500", "default"] {
      let tried = try Self.tried("forbid: [{mtu: \(value), qdisc: fq}]")
      #expect(tried.contains { $0["qdisc"] != nil })
      #expect(tried.allSatisfy { $0["qdisc"] == nil || $0["mtu"] != nil }, "\(value)")
    }
  }

  @Test(arguments: [
    (
      "forbid: [{mtu: 4001, qdisc: fq}]",
      "p.yaml:10: a rule is about mtu=4001, which is not tried; did you mean 4000?"
    ),
    (
      "only-if: {mtu: {ring.rx: [64, 100]}}",
      "p.yaml:10: a rule is about ring.rx=100, which is not tried; "
    ),
    ("forbid: [{mtu: 90000, qdisc: fq}]", "p.yaml:10: mtu: 90000 is out of range; "),
    ("forbid: [{mtu: nine, qdisc: fq}]", "p.yaml:10: mtu: nine is no whole number; "),
    ("only-if: {mtu: {qdisc: fqq}}", "p.yaml:10: qdisc: no fqq"),
    ("only-if: {mtu: {qdisc: max}}", "p.yaml:10: qdisc has no smallest or largest value; "),
  ]) func aValueThatIsNeverTriedIsRefused(search: String, beginning: String) throws {
    let error = try #require(throws: ProfileError.self) { try Self.resolve(search) }
    #expect(error.description.hasPrefix(beginning), "\(error)")
  }

  /// The device has no coalescing: what goes with it stays as found, and what goes with that.
  @Test func whatGoesWithAnAbsentKnobIsLeftOut() throws {
    let space = try Self.resolve(
      "only-if: {ring.rx: {mtu: 4000}, mtu: {coalesce.rx-usecs: 10}}")
    #expect(space.space.dimensions.map(\.knob) == ["qdisc"])
    #expect(space.space.rules.isEmpty)
    #expect(space.absent.map(\.name) == ["coalesce.rx-usecs", "mtu", "ring.rx"])
    #expect(
      space.absent.last?.reason == "only-if lets it change with mtu alone, which is left out")
  }

  /// A knob that is not there is as it was found.
  @Test func whatGoesWithAKnobAsFoundIsKept() throws {
    let kept = try Self.resolve("only-if: {mtu: {coalesce.rx-usecs: [default, 10]}}").space
    #expect(kept.dimensions.count == 3 && kept.rules.isEmpty)
    let forbidden = try Self.resolve(
      "forbid: [{coalesce.rx-usecs: default, mtu: 4000, qdisc: fq}, {coalesce.rx-usecs: 0, mtu: 4000}]"
    )
    #expect(
      forbidden.space.rules == [.forbidden(["mtu": .number(4000), "qdisc": .word("fq")])])
  }

  /// A control that is skipped has the value that was found.
  @Test func whatGoesWithAKnobThatCannotActHereFollowsItsValue() throws {
    func knobs(_ condition: String) throws -> [KnobName] {
      let text = ProfileText(
        workloads: "workloads: [{datapath: packet, kind: flood, bypass-qdisc: true}]",
        knobs: "knobs: {mtu: [default, 4000], qdisc: [default, fq], ring.rx: [64, 128]}",
        rest: "search: {only-if: {mtu: {qdisc: \(condition)}}}")
      return try ResolvedSpace(text.parse(), on: ScriptedTuner(), file: "p.yaml")
        .space.dimensions.map(\.knob)
    }
    #expect(try knobs("pfifo") == ["mtu", "ring.rx"])
    #expect(try knobs("fq") == ["ring.rx"])
  }
}
