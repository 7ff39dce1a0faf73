package import Measurement

extension Recommendation {
  /// Derives the recommendations from the rows of a table and nothing else: one for each NIC, in
  /// the order of their names. The order of the rows is of no matter.
  ///
  /// A table that ends early gives what it proves so far.
  /// - Throws: ``ObjectiveError``, ``EvidenceError`` or ``CampaignError`` for rows that no sweep
  ///   could have written.
  package static func derive(from records: [TrialRecord]) throws -> [Recommendation] {
    let byNIC = Dictionary(grouping: records, by: \.nic)
    return try byNIC.keys.sorted().map { try derive(nic: $0, from: byNIC[$0]?.ofItsOwn ?? []) }
  }

  private static func derive(
    nic: String, from records: [TrialRecord]
  ) throws -> Recommendation {
    guard let head = records.first else {
      throw EvidenceError("the table has no rows for \(nic)")
    }
    func same(_ column: String, _ value: (TrialRecord) -> String) throws {
      if let other = records.first(where: { value($0) != value(head) }) {
        throw EvidenceError(
          "\(nic): the rows of one sweep have one \(column), not '\(value(head))' and "
            + "'\(value(other))'")
      }
    }
    try same("run", \.run)
    try same("host", \.host)
    try same("driver", \.driver)
    try same("objective", \.objective)
    try same("seed") { String($0.seed) }
    let objective = try Objective(parsing: head.objective)
    let evidence = try Evidence(records)
    let (findings, isComplete) = try findings(evidence, objective, seed: head.seed)
    let reasoning = Reasoning(
      findings: findings, objective: objective, isComplete: isComplete,
      originals: originals(evidence))
    let moments = records.map(\.measured.startedAt)
    return Recommendation(
      run: head.run, host: head.host, nic: nic, driver: head.driver, objective: head.objective,
      seed: head.seed, decision: findings.accepted == nil ? .changeNothing : .change,
      reason: reasoning.reason, knobs: reasoning.knobs, effect: reasoning.effect,
      noise: findings.noise, checks: findings.checks, front: findings.front,
      search: findings.search,
      samples: SampleCount(records), firstSampleAt: Timestamp.text(moments.min() ?? 0),
      lastSampleAt: Timestamp.text(moments.max() ?? 0))
  }

  /// Runs the procedure over what is on record. The search is what was searched.
  private static func findings(
    _ evidence: Evidence, _ objective: Objective, seed: UInt64
  ) throws -> (findings: Findings, isComplete: Bool) {
    var replay = Replay(evidence, metrics: objective.metrics, plan: nil)
    var findings = Findings()
    do {
      // A search after a noise that failed was told to go on.
      let isForced = evidence.trials.contains { $0.role == .search }
      try Procedure(objective: objective, plan: nil, isForced: isForced, seed: seed)
        .run(&replay, &findings)
    } catch .pending {
      return (findings, false)
    } catch .mismatch(let error) {
      throw error
    }
    guard replay.isAtEnd else {
      throw CampaignError("trials follow though the sweep was done: the records are not of one run")
    }
    // What was not begun is not on record, and every search tries something.
    let isComplete = !findings.search.isEmpty || findings.noise?.failed == true
    return (findings, isComplete)
  }

  /// Every knob as the kernel had it before anything was changed.
  private static func originals(_ evidence: Evidence) -> Configuration {
    evidence.trials.first { $0.reference.isBaseline && $0.referenceEffective != nil }?
      .referenceEffective ?? .baseline
  }
}

extension SampleCount {
  fileprivate init(_ records: [TrialRecord]) {
    let reasons = records.compactMap(\.measured.invalidReason)
    self.init(
      valid: records.count - reasons.count, invalid: reasons.count,
      reasons: Dictionary(reasons.map { ($0, 1) }, uniquingKeysWith: +))
  }
}
