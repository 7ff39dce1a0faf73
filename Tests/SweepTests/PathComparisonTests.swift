import Foundation
import Lab
import Measurement
import Testing

@testable import Sweep

/// What follows from the rows of schemes, without a guest.
@Suite struct PathComparisonTests {
  private static func row(
    _ scheme: String, _ workload: String, round: Int, _ metrics: [Metric: Double],
    drops: [String: UInt64] = [:], reason: String? = nil
  ) -> TrialRecord {
    TrialRecord(
      run: "paths", host: "h", nic: scheme, driver: "virtio_net", objective: "", seed: 1,
      datapath: "udp", workload: workload, frameBytes: 128, trial: 0, block: round, role: .search,
      sample: 0, requested: .baseline,
      effective: Configuration(["guest.accelerator": .word("tcg")]),
      measured: Sample(
        startedAt: 0, duration: 1, metrics: metrics, drops: drops, invalidReason: reason))
  }

  /// Rates that drift threefold, of which `scheme` always gets a share.
  private static func rows(_ scheme: String, share: Double, rounds: Int = 6) -> [TrialRecord] {
    (0..<rounds).map { round in
      row(
        scheme, "frames-to-guest", round: round,
        [.deliveredRate: share * Double(1000 + 400 * round), .offered: 10_000],
        drops: ["tap-ring": 2500, "qdisc": 0])
    }
  }

  @Test func aRatioIsTakenWithinItsRound() throws {
    let comparison = PathComparison(Self.rows("e1000", share: 0.25) + Self.rows("virtio", share: 1))
    let path = try #require(comparison.paths.first)
    #expect(path.scheme == "e1000" && path.accelerator == "tcg")
    let estimate = try #require(path.measures["frames_to_guest_pps"])
    let interval = try #require(estimate.ratioInterval)
    #expect(abs((estimate.ratio ?? 0) - 0.25) < 1e-12)
    #expect(abs(interval.lower - 0.25) < 1e-12 && abs(interval.upper - 0.25) < 1e-12)
    // The values themselves drift.
    let own = try #require(estimate.interval)
    #expect(abs(own.lower - 250) < 1e-9 && abs(own.upper - 750) < 1e-9)
    #expect(path.lossToGuest == ["tap-ring": 0.25])
    #expect(comparison.paths.last?.measures["frames_to_guest_pps"]?.ratio == nil)
  }

  @Test func fiveRoundsHaveNoInterval() throws {
    let rows = Self.rows("e1000", share: 0.5, rounds: 5) + Self.rows("virtio", share: 1, rounds: 5)
    let estimate = PathComparison(rows).paths[0].measures["frames_to_guest_pps"]
    #expect(estimate?.ratio != nil && estimate?.ratioInterval == nil && estimate?.interval == nil)
  }

  @Test func whatDoesNotCountIsNamedAndLeftOut() {
    let bad = Self.row("virtio", "frames-to-guest", round: 9, [.deliveredRate: 1e9], reason: "bad")
    let absent = Self.row("macvtap", "frames-to-guest", round: 0, [:], reason: "no macvtap here")
    let comparison = PathComparison(
      Self.rows("virtio", share: 1) + [bad, bad, absent]
        + [Self.row("unheard-of", "frames-to-guest", round: 0, [:])])
    #expect(comparison.paths.map(\.scheme) == ["virtio", "macvtap"])
    #expect(comparison.paths[0].reasons == ["frames-to-guest: bad (2×)"])
    #expect((comparison.paths[0].measures["frames_to_guest_pps"]?.value ?? 0) < 4000)
    #expect(comparison.paths[1].reasons == ["no macvtap here"])
    #expect(comparison.paths[1].measures.isEmpty)
    let text = comparison.text(width: nil)
    #expect(text.contains("macvtap: not measured: no macvtap here\n"))
    #expect(text.contains("virtio: in: tap-ring 25.0 %\n"))
  }

  @Test func everySchemeCanBeOnAHostThatHasAll() throws {
    let host = HostAbilities(
      vhostNet: true, macvtap: true, nat: true, kvm: true,
      models: Set(GuestInterface.Model.allCases))
    for scheme in Scheme.all {
      try scheme.definition.validate(for: host)
      #expect(scheme.libvirt.contains("<model type='\(scheme.interface.model.rawValue)'/>"))
    }
    #expect(Scheme.named(Scheme.reference) != nil)
    #expect(Set(Scheme.all.map(\.name)).count == Scheme.all.count)
  }
}
