import Measurement

/// Hands the trials of a sweep out in the order in which they were measured, and stops at the first
/// one that is not measured yet.
struct Replay {
  /// Why the replay stopped.
  enum Stop: Error {
    /// Everything before is measured; this is not.
    case pending(TrialRequest)
    /// The records hold another trial here than the one that must follow.
    case mismatch(CampaignError)
  }

  /// The workloads that have each metric, as far as the trials handed out so far show: a workload
  /// that has it once is expected to have it ever after.
  private(set) var workloads: [Metric: Set<String>]
  /// What a trial must hold to be done; nil to take what is there.
  let plan: Plan?
  private var trials: ArraySlice<TrialEvidence>
  private var number = 0

  struct Plan {
    let budget: Budget
    let workloads: [String]
  }

  /// - Parameter metrics: those that ``workloads`` is about.
  init(_ evidence: Evidence, metrics: [Metric], plan: Plan?) {
    workloads = Dictionary(uniqueKeysWithValues: metrics.map { ($0, []) })
    self.plan = plan
    trials = evidence.trials[...]
  }

  /// Whether every trial was handed out.
  var isAtEnd: Bool { trials.isEmpty }

  /// Passes over every trial before the first one with this role.
  mutating func pass(to role: Role) {
    while let next = trials.first, next.role != role { take(next) }
  }

  /// The candidate of the next trial on record, if that has this role.
  func recordedCandidate(_ role: Role) -> Configuration? {
    trials.first.flatMap { $0.role == role ? $0.candidate : nil }
  }

  /// The next trial, if it is done.
  ///
  /// - Parameters:
  ///   - isRepeat: whether the trial needs no further blocks as its effective configuration was
  ///     measured before.
  ///   - isHopeless: whether the trial needs no more than its first swap pair.
  ///   - isSettled: whether the trial, with what was planned for it, needs no second look.
  mutating func trial(
    _ role: Role, _ candidate: Configuration, against reference: Configuration = .baseline,
    isRepeat: (TrialEvidence) -> Bool = { _ in false },
    isHopeless: (TrialEvidence) -> Bool = { _ in false },
    isSettled: (TrialEvidence) -> Bool = { _ in true }
  ) throws(Stop) -> TrialEvidence {
    let recorded = trials.first
    if let recorded {
      guard recorded.number == number, recorded.role == role, recorded.candidate == candidate,
        recorded.reference == reference
      else { throw .mismatch(contradiction(recorded, role, candidate, reference)) }
    }
    var blocks = blocks(of: role, recorded)
    if let recorded, plan != nil, isDone(recorded, blocks), !isSettled(recorded.first(blocks)) {
      blocks = self.blocks(of: role, recorded, looks: ValidationLooks.most)
    }
    guard let recorded,
      isDone(recorded, blocks)
        || recorded.blocks.contains(where: \.isComplete) && isRepeat(recorded)
        || isDone(recorded, 2) && (hasFailed(recorded) || isHopeless(recorded))
    else {
      throw .pending(
        TrialRequest(
          trial: number, role: role, candidate: candidate, reference: reference, blocks: blocks,
          doneBlocks: recorded.map { doneBlocks($0) } ?? [:]))
    }
    take(recorded)
    return recorded
  }

  private mutating func take(_ trial: TrialEvidence) {
    for metric in workloads.keys {
      workloads[metric]?.formUnion(trial.workloads(with: metric))
    }
    trials = trials.dropFirst()
    number += 1
  }

  /// How many blocks the trial takes until a look: a swap pair that is tainted is followed by another
  /// at the end, as long as those are no more than half of what was planned.
  private func blocks(of role: Role, _ recorded: TrialEvidence?, looks: Int = 1) -> Int {
    guard let plan else { return 0 }
    let planned = looks * plan.budget.swapPairs(of: role)
    let tainted = Set(recorded?.blocks.filter(\.isTainted).map { $0.number / 2 } ?? [])
    var pairs = planned
    // Those that are measured in the place of others may be tainted too.
    while pairs < planned + min(tainted.count { $0 < pairs }, (planned + 1) / 2) { pairs += 1 }
    return 2 * pairs
  }

  private func doneBlocks(_ trial: TrialEvidence) -> [String: Set<Int>] {
    trial.blocks.filter(\.isComplete).reduce(into: [:]) {
      $0[$1.workload, default: []].insert($1.number)
    }
  }

  /// Whether so many blocks are there of every workload.
  private func isDone(_ trial: TrialEvidence, _ blocks: Int) -> Bool {
    guard let plan else { return true }
    let done = doneBlocks(trial)
    return plan.workloads.allSatisfy { done[$0]?.isSuperset(of: 0..<blocks) ?? false }
  }

  /// After a swap pair without one valid sample on any workload more of the same is no use: the
  /// configuration can not be applied, or nothing gets through.
  private func hasFailed(_ trial: TrialEvidence) -> Bool {
    trial.blocks.allSatisfy { !$0.pairs.contains(where: \.isValid) }
  }

  private func contradiction(
    _ recorded: TrialEvidence, _ role: Role, _ candidate: Configuration,
    _ reference: Configuration
  ) -> CampaignError {
    CampaignError(
      "trial \(recorded.number) is on record as \(recorded.role) of \(recorded.candidate) "
        + "against \(recorded.reference), but trial \(number) must be \(role) of \(candidate) "
        + "against \(reference): the records belong to another plan")
  }
}

/// Records that no run of this plan could have left.
package struct CampaignError: Error, Hashable, Sendable, CustomStringConvertible {
  package let description: String
  package init(_ description: String) { self.description = description }
}
