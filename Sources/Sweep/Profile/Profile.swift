package import Lab
package import Measurement
package import Optimiser
package import Traffic

/// What a sweep is to do: target, traffic, knobs, objective, budget. Read from YAML, strictly.
package struct Profile: Sendable {
  package let name: String
  /// One, or several NICs and labs, which are swept one after the other.
  package var targets: [TargetRequest]
  package let workloads: [Workload]
  package let knobs: [KnobRequest]
  package let objective: Objective
  package var search: SearchRequest
  package var sampling: Sampling
  /// The file as it was read; kept in `run.json` so that a run can be resumed without it.
  package let text: String

  /// The first target.
  package var target: TargetRequest { targets[0] }

  /// The same for each of its targets alone.
  package var each: [Profile] {
    targets.map { target in
      var copy = self
      copy.targets = [target]
      return copy
    }
  }

  /// Where the knobs are.
  package enum TargetRequest: Hashable, Sendable {
    /// A disposable network of our own: `veth`, `bridge-tap` or `macvtap`.
    case lab(String)
    /// A NIC of this host, and the NIC at the other end of its cable.
    case nic(String, peer: String?)
    /// A guest of our own, with one NIC: the path from this host to it.
    case guest(GuestDefinition)

    var isGuest: Bool { if case .guest = self { true } else { false } }

    /// What only one target of a profile may have: NICs, labs.
    var names: [String] {
      switch self {
      case .lab(let name): [Stand.labPrefix + name]
      case .nic(let nic, let peer): [nic] + (peer.map { [$0] } ?? [])
      case .guest: []
      }
    }
  }

  /// Which configurations are tried.
  package struct SearchRequest: Hashable, Sendable {
    package var strategy = Strategy.Kind.grid
    /// The most configurations tried, besides the baseline; nil for all of a grid, and for
    /// ``defaultTrials`` otherwise.
    package var trials: Int?
    package var seed: UInt64 = 1
    /// Whether what an earlier sweep of the same target found good is tried first.
    package var isWarm = true
    /// What may not stand together.
    package var rules: [RuleRequest] = []
    /// What becomes of knobs that can act on none of the workloads.
    package var controls = Controls.skip

    package enum Controls: String, CaseIterable, Sendable {
      /// They are left out.
      case skip
      /// They are swept as negative controls.
      case keep
    }

    /// What a search tries if the profile does not say.
    package static let defaultTrials = 40
  }

  /// How often each configuration is measured.
  package struct Sampling: Codable, Hashable, Sendable {
    package init() {}

    /// What is good for a target. A guest may run on an emulated CPU, and is told when to start over
    /// a channel of about a millisecond: its slices are long, and so fewer.
    package init(for target: TargetRequest) {
      guard case .guest = target else { return }
      slice = 0.2
      pairs = 4
      confirmingBlocks = 8
    }

    static let slices = 0.005...10
    static let pairCounts = 1...1000
    static let blockCounts = 6...1000

    /// Whether all of it is within the limits that a profile has, too.
    var isPossible: Bool {
      Self.slices.contains(slice) && Self.pairCounts.contains(pairs)
        && [blocks, confirmingBlocks].allSatisfy {
          Self.blockCounts.contains($0) && $0.isMultiple(of: 2)
        }
    }

    /// Length of one slice, seconds, 0.005 … 10.
    package var slice = 0.02
    /// Seconds of traffic that a trial of the search may take: ``pairs`` and ``blocks`` are then
    /// what makes most of them, if the noise is known. Nil to take those as they are.
    package var time: Double?
    /// Pairs of slices in a block.
    package var pairs = 8
    /// Blocks of a search trial; even, since the twins swap.
    package var blocks = 6
    /// Blocks of a trial that validates, ablates or measures the noise.
    package var confirmingBlocks = 12

    /// What so many blocks take of traffic alone; one pair of each is thrown away.
    func seconds(ofBlocks count: Int, workloads: Int) -> Double {
      if let time { return time * Double(count) / Double(blocks) }
      return Double(count * workloads * 2 * (pairs + 1)) * slice
    }

    /// Whether pairs and blocks follow from the noise.
    package private(set) var isPlanned = false

    /// The same with the pairs and blocks that make most of ``time``, if the noise is known.
    func planned(by noise: NoiseProfile?) -> Self {
      guard let time, let plan = noise?.plan(within: time) else { return self }
      var planned = self
      planned.pairs = min(plan.slices, 1000)
      // Three independent swap pairs are the least that an interval is made of.
      planned.blocks = min(max(6, plan.blocks), 500)
      planned.confirmingBlocks = 2 * planned.blocks
      planned.isPlanned = true
      return planned
    }
  }
}
