package import Measurement

/// What a setting of the whole host that is recommended for one NIC does to the others.
///
/// Each such value is tried by itself on each NIC that it is not recommended for: what is
/// recommended there with that value, against the same without.
struct Sharing {
  let recommendations: [Recommendation]

  /// What is to be tried on a NIC, in order: nothing on one whose bench failed, as no verdict of it
  /// is worth anything.
  ///
  /// - Parameters:
  ///   - own: what is recommended for the NIC.
  ///   - rules: what may not stand together on it.
  ///   - isOfWholeHost: whether NICs share a knob.
  func candidates(
    on own: Recommendation, rules: [SearchSpace.Rule], isOfWholeHost: (KnobName) -> Bool
  ) -> [Configuration] {
    guard own.noise?.failed != true || !own.search.isEmpty else { return [] }
    var wishes: [KnobName: Set<KnobValue>] = [:]
    for other in recommendations where other.nic != own.nic {
      for (name, value) in other.configuration.values
      where isOfWholeHost(name) && own.configuration[name] != value {
        wishes[name, default: []].insert(value)
      }
    }
    return wishes.sorted { $0.key < $1.key }.flatMap { name, values in
      values.sorted { "\($0)" < "\($1)" }.map { value in
        Configuration(own.configuration.values.merging([name: value]) { $1 })
      }
    }.filter { candidate in rules.allSatisfy { $0.allows(candidate) } }
  }

  /// What was found on a NIC, by the trials on record.
  ///
  /// - Parameter records: every row of that NIC.
  /// - Throws: for trials of what no sweep would have tried.
  func findings(
    on own: Recommendation, _ records: [TrialRecord]
  ) throws -> [(name: KnobName, value: KnobValue, other: HostWideFinding.Other)] {
    let objective = try Objective(parsing: own.objective)
    var replay = Replay(try Evidence(records), metrics: objective.metrics, plan: nil)
    replay.pass(to: .share)
    var findings: [TrialFinding] = []
    while let candidate = replay.recordedCandidate(.share) {
      let trial = try replay.sharing(candidate, against: own.configuration)
      findings.append(
        trial.finding(
          TrialEvidence.Judging(
            objective: objective, workloads: replay.workloads, isRepeat: trial.changesNothing)))
    }
    guard replay.isAtEnd else {
      throw CampaignError("\(own.nic): trials follow those of what it shares with other NICs")
    }
    return try corrected(findings, objective).map { finding in
      let changed = finding.configuration.values.filter { own.configuration[$0.key] != $0.value }
      guard let (name, value) = changed.first, changed.count == 1,
        finding.configuration.values.count >= own.configuration.values.count,
        recommendations.contains(where: { $0.nic != own.nic && $0.configuration[name] == value })
      else {
        throw CampaignError(
          "\(own.nic): trial \(finding.trial) tries \(finding.configuration), which is no setting "
            + "that is recommended for another NIC")
      }
      return (
        name, value,
        HostWideFinding.Other(
          nic: own.nic, outcome: outcome(of: finding, on: own), instead: own.configuration[name],
          finding: finding)
      )
    }
  }

  private func outcome(
    of finding: TrialFinding, on own: Recommendation
  ) -> HostWideFinding.Outcome {
    switch finding.outcome {
    case .failed: return .failed
    case .sameAsEarlier: return .harmless
    case .measured: break
    }
    let bounds = bounds(of: finding, on: own)
    if finding.unreliable != nil || finding.harmsWorkload || finding.verdicts.contains(.worse)
      || bounds.contains(where: { $0.now == .broken && $0.before != .broken })
    {
      return .hurts
    }
    if finding.verdicts.contains(.inconclusive)
      || bounds.contains(where: { $0.now == .unproven && $0.before == .met })
    {
      return .inconclusive
    }
    return finding.verdicts.contains(.better) ? .helps : .harmless
  }

  /// How each bound fares with the setting, and how without it; nil where that is not on record.
  private func bounds(
    of finding: TrialFinding, on own: Recommendation
  ) -> [(now: ConstraintFinding.Status, before: ConstraintFinding.Status?)] {
    let before = (own.decision == .change ? own.effect : own.noise?.trial)?.constraints ?? []
    return finding.constraints.map { constraint in
      let same = before.first {
        $0.constraint == constraint.constraint && $0.workload == constraint.workload
      }
      return (now: constraint.status, before: same?.status)
    }
  }
}

extension Replay {
  /// The next trial of a setting that is recommended for another NIC, if it is done.
  mutating func sharing(
    _ candidate: Configuration, against own: Configuration
  ) throws -> TrialEvidence {
    do {
      return try trial(.share, candidate, against: own) { $0.changesNothing }
    } catch .mismatch(let error) {
      throw error
    }
  }
}

extension TrialEvidence {
  /// The kernel made the same of both sides.
  var changesNothing: Bool {
    candidateEffective != nil && candidateEffective == referenceEffective
  }
}

extension [TrialRecord] {
  /// The rows of one NIC that its own recommendation rests on.
  var ofItsOwn: [TrialRecord] {
    let shared = Set(filter { $0.role == .share }.map(\.trial))
    return shared.isEmpty ? self : filter { !shared.contains($0.trial) }
  }
}

extension HostWideFinding {
  /// Derives what the settings of the whole host do to NICs that they are not recommended for, from
  /// the rows of a table and nothing else; sorted by knob and value.
  ///
  /// - Parameter recommendations: of the same rows.
  /// - Throws: `EvidenceError` or ``CampaignError`` for rows that no sweep could have written.
  package static func derive(
    from records: [TrialRecord], _ recommendations: [Recommendation]
  ) throws -> [HostWideFinding] {
    struct Setting: Hashable {
      let name: KnobName
      let value: KnobValue
    }
    let sharing = Sharing(recommendations: recommendations)
    let byNIC = Dictionary(grouping: records, by: \.nic)
    var others: [Setting: [Other]] = [:]
    for own in recommendations {
      let rows = byNIC[own.nic] ?? []
      guard rows.contains(where: { $0.role == .share }) else { continue }
      for (name, value, other) in try sharing.findings(on: own, rows) {
        others[Setting(name: name, value: value), default: []].append(other)
      }
    }
    return others.keys.sorted { ($0.name, "\($0.value)") < ($1.name, "\($1.value)") }.map {
      setting in
      let wishes = recommendations.filter { $0.configuration[setting.name] == setting.value }.map {
        recommendation in
        let knob = recommendation.knobs.first { $0.name == setting.name }
        return Wish(nic: recommendation.nic, effect: knob?.effect, effects: knob?.effects)
      }
      return HostWideFinding(
        name: setting.name, value: setting.value,
        recommendedFor: wishes.sorted { $0.nic < $1.nic },
        others: (others[setting] ?? []).sorted { $0.nic < $1.nic })
    }
  }
}
