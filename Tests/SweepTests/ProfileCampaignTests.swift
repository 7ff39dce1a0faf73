import Measurement
import Optimiser
import Testing

@testable import Sweep

/// What a profile asks of the optimiser.
@Suite struct ProfileCampaignTests {
  private let space: SearchSpace

  init() throws {
    space = try SearchSpace([
      SearchSpace.Dimension(knob: "mtu", values: [SearchSpace.untouched, .number(9000)]),
      SearchSpace.Dimension(
        knob: "qdisc", values: [SearchSpace.untouched, .word("fq"), .word("pfifo")]),
    ])
  }

  private func campaign(_ search: String) throws -> Campaign {
    try Campaign(ProfileText(rest: search).parse(), space, file: "p.yaml")
  }

  @Test func aGridIsTriedWhole() throws {
    #expect(try campaign("").plan.count == 5)
    #expect(try campaign("search: {trials: 5}").plan.count == 5)
  }

  @Test func aGridLargerThanTheTrialsIsRefused() throws {
    let error = try #require(throws: ProfileError.self) {
      try campaign("search: {trials: 4}")
    }
    #expect(
      error.description == "p.yaml: the grid has 5 configurations, more than trials: 4; "
        + "give fewer values, or use strategy: model")
  }

  @Test func aRandomSearchIsCutShortAndFollowsItsSeed() throws {
    let search = "search: {strategy: random, trials: 3, seed: 5}"
    let first = try campaign(search).plan.fixed
    #expect(first.count == 3)
    #expect(try campaign(search).plan.fixed == first)
    #expect(try campaign("search: {strategy: random}").plan.count == 5)
  }

  @Test func blocksComeInSwapPairs() throws {
    let budget = try campaign("sampling: {blocks: 8, confirming-blocks: 20}").budget
    #expect(budget == Budget(noise: 10, search: 4, validation: 10, ablation: 10))
  }

  @Test func rulesOfAProfileKeepConfigurationsOut() throws {
    let text = ProfileText(
      knobs: "knobs: {mtu: [default, 9000], qdisc: [default, fq, pfifo]}",
      rest: """
        search:
          forbid: [{mtu: 9000, qdisc: fq}]
          only-if: {qdisc: {mtu: [default, 9000]}}
        """)
    let profile = try text.parse()
    #expect(
      profile.search.rules.map(\.kind) == [
        .forbidden(["mtu": .value(.number(9000)), "qdisc": .value(.word("fq"))]),
        .onlyIf("qdisc", "mtu", [.asFound, .value(.number(9000))]),
      ])
    #expect(profile.search.rules.map(\.line) == [7, 8])
  }

  @Test(arguments: [
    ("search: {forbid: [{mtu: 9000}]}", "two knobs or more"),
    ("search: {forbid: [{mtu: 9000, ring.rx: 1}]}", "'ring.rx', which the profile does not sweep"),
    ("search: {forbid: mtu}", "forbid"), ("search: {only-if: [mtu]}", "only-if"),
  ])
  func badRulesAreRefused(search: String, reason: String) throws {
    let error = try #require(throws: ProfileError.self) { try campaign(search) }
    #expect(error.description.contains(reason), "\(error)")
  }
}
