package import Measurement

/// The plan of a sweep for one NIC: says which trial comes next.
///
/// It has no state: ``next(after:)`` looks at nothing but the records, so that resuming a killed
/// sweep is reading its table and going on.
package struct Campaign: Sendable {
  package let objective: Objective
  package let workloads: [String]
  package let budget: Budget
  /// What the search tries.
  package let plan: SearchPlan
  /// What may not stand together, in whatever is tried.
  let rules: [SearchSpace.Rule]
  /// Goes on though default against default differs.
  package let isForced: Bool

  /// - Parameters:
  ///   - workloads: their names as in the records; every trial measures them all.
  ///   - budget: how much each stage measures.
  ///   - start: what a search that does not try everything tries first.
  ///   - isForced: go on though default against default differs.
  /// - Throws: if the strategy asks for too many configurations.
  package init(
    space: SearchSpace, strategy: Strategy, objective: Objective, workloads: [String],
    budget: Budget = Budget(), start: [Configuration] = [], isForced: Bool = false
  ) throws(SearchSpaceError) {
    self.isForced = isForced
    self.objective = objective
    self.workloads = workloads
    self.budget = budget
    rules = space.rules
    plan = try SearchPlan(strategy, on: space, margin: objective.margin, start: start)
  }

  /// The trial to measure now, or nil if the sweep is done.
  ///
  /// - Parameter records: every row of this NIC that is on disk, in any order.
  /// - Throws: ``EvidenceError`` for rows that contradict each other, ``CampaignError`` for rows
  ///   that no run of this plan could have left.
  package func next(after records: [TrialRecord]) throws -> TrialRequest? {
    try progress(after: Evidence(records)).request
  }

  /// How much is left to do. It is a guess, mostly from above: that no candidate of the search is
  /// dropped early, and that every knob of the winner must be put back by itself.
  ///
  /// - Throws: as ``next(after:)``.
  package func remaining(after records: [TrialRecord]) throws -> Remaining {
    try step(after: Evidence(records))?.remaining ?? Remaining(trials: 0, blocks: 0)
  }

  /// What ``next(after:)`` and ``remaining(after:)`` say; nil if the sweep is done.
  func step(
    after evidence: Evidence
  ) throws -> (request: TrialRequest, remaining: Remaining)? {
    let (request, findings) = try progress(after: evidence)
    return request.map { ($0, remaining($0, findings)) }
  }

  private func remaining(_ request: TrialRequest, _ findings: Findings) -> Remaining {
    let done = workloads.map { request.doneBlocks[$0]?.count ?? 0 }.min() ?? 0
    var left = Remaining(trials: 1, blocks: max(0, request.blocks - done))
    func add(_ trials: Int, _ role: Role) {
      left.trials += max(0, trials)
      left.blocks += max(0, trials) * 2 * budget.swapPairs(of: role)
    }
    let knobs =
      findings.winner?.values.count ?? findings.contenders.map(\.values.count).max()
      ?? plan.mostKnobs
    let validations = findings.checks.count { $0.role == Role.validate.rawValue }
    // Of a single metric the first contender is taken to pass; of several all are validated.
    let points =
      findings.searchIsDone ? findings.contenders.count : min(Procedure.frontLimit, plan.count)
    let contenders = objective.isPareto ? points : 1
    switch request.role {
    case .noise, .baseline:
      add(plan.count, .search)
      add(knobs - 1, .ablate)
      add(knobs > 1 ? contenders + 1 : contenders, .validate)
    case .search, .race:
      add(plan.count - findings.search.count - 1, .search)
      add(knobs - 1, .ablate)
      add(knobs > 1 ? contenders + 1 : contenders, .validate)
    case .validate where validations < contenders:
      add(knobs - 1, .ablate)
      add(contenders - validations - (knobs > 1 ? 0 : 1), .validate)
    case .validate: break
    case .ablate:
      add(findings.knobsToSettle - 1, .ablate)
      add(1, .validate)
    case .share: break
    }
    return left
  }

  private func progress(
    after evidence: Evidence
  ) throws -> (request: TrialRequest?, findings: Findings) {
    var replay = Replay(
      evidence, metrics: objective.metrics,
      plan: Replay.Plan(budget: budget, workloads: workloads))
    var findings = Findings()
    // A search after a noise that failed was told to go on, and goes on when it is resumed.
    let isForced = isForced || evidence.trials.contains { $0.role == .search }
    do {
      let procedure = Procedure(
        objective: objective, plan: plan, rules: rules, isForced: isForced, seed: evidence.seed)
      try procedure.run(&replay, &findings)
    } catch .pending(let request) {
      return (request, findings)
    } catch .mismatch(let error) {
      throw error
    }
    return (nil, findings)
  }
}

/// What a sweep has still to do.
package struct Remaining: Hashable, Sendable {
  package var trials: Int
  /// Each of them measures every workload once.
  package var blocks: Int

  package init(trials: Int, blocks: Int) {
    self.trials = trials
    self.blocks = blocks
  }
}
