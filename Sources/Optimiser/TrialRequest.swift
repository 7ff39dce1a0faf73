package import Measurement

/// A trial that is to be measured, or measured to its end.
package struct TrialRequest: Hashable, Sendable {
  package let trial: Int
  /// Of the candidate's samples; those of the reference have ``Role/baseline``.
  package let role: Role
  package let candidate: Configuration
  package let reference: Configuration
  /// How many blocks the trial has in all: even, numbered from 0. In blocks 2k and 2k + 1 the
  /// candidate is on opposite twins.
  package let blocks: Int
  /// The numbers of the blocks that are on disk already, by workload.
  package let doneBlocks: [String: Set<Int>]

  package init(
    trial: Int, role: Role, candidate: Configuration, reference: Configuration, blocks: Int,
    doneBlocks: [String: Set<Int>] = [:]
  ) {
    self.trial = trial
    self.role = role
    self.candidate = candidate
    self.reference = reference
    self.blocks = blocks
    self.doneBlocks = doneBlocks
  }

  /// Whether that block of that workload is still to be measured.
  package func needs(block: Int, workload: String) -> Bool {
    block < blocks && !(doneBlocks[workload]?.contains(block) ?? false)
  }
}

/// How many swap pairs each stage of a sweep takes; a swap pair is two blocks.
package struct Budget: Hashable, Sendable {
  package let noise: Int
  package let search: Int
  package let validation: Int
  package let ablation: Int

  /// Enough for effects of a few standard deviations of a swap pair; every count is at least 2, so
  /// that there is an interval.
  package init(noise: Int = 5, search: Int = 3, validation: Int = 7, ablation: Int = 5) {
    self.noise = max(2, noise)
    self.search = max(2, search)
    self.validation = max(2, validation)
    self.ablation = max(2, ablation)
  }

  func swapPairs(of role: Role) -> Int {
    switch role {
    case .baseline, .noise: noise
    case .search, .race: search
    case .validate, .share: validation
    case .ablate: ablation
    }
  }
}
