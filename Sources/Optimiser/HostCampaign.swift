package import Measurement

/// The plan of a sweep of several NICs of one host: the campaign of each, one after the other, then
/// what the settings of the whole host that are recommended for one do to the others.
///
/// It has no state either: what comes next follows from the records.
package struct HostCampaign: Sendable {
  /// One NIC, by its name in the records.
  package struct Member: Sendable {
    package let nic: String
    package let campaign: Campaign

    package init(nic: String, campaign: Campaign) {
      self.nic = nic
      self.campaign = campaign
    }
  }

  /// A trial, and the NIC that it is measured on.
  package struct Next: Hashable, Sendable {
    package let nic: String
    package let request: TrialRequest
    /// Trials that this NIC has still to do, and blocks of all NICs.
    package let remaining: Remaining

    /// Whether it is the same trial, or what is left of it.
    package func isSameTrial(as other: Next?) -> Bool {
      nic == other?.nic && request.trial == other?.request.trial
    }
  }

  package let members: [Member]
  private let isOfWholeHost: @Sendable (KnobName) -> Bool

  /// - Parameters:
  ///   - members: in the order in which they are measured.
  ///   - isOfWholeHost: whether NICs share a knob.
  package init(_ members: [Member], isOfWholeHost: @escaping @Sendable (KnobName) -> Bool) {
    self.members = members
    self.isOfWholeHost = isOfWholeHost
  }

  /// The trial to measure now, or nil if the sweep is done.
  ///
  /// - Parameter records: every row that is on disk, in any order.
  /// - Throws: as ``Campaign/next(after:)``.
  package func next(after records: RunRecords) throws -> Next? {
    for (place, member) in members.enumerated() {
      let evidence = records.evidence(of: member.nic)
      guard let step = try member.campaign.step(after: evidence) else { continue }
      var left = step.remaining
      for later in members.dropFirst(place + 1) {
        let evidence = records.evidence(of: later.nic)
        left.blocks += try later.campaign.step(after: evidence)?.remaining.blocks ?? 0
      }
      return Next(nic: member.nic, request: step.request, remaining: left)
    }
    return members.count > 1 ? try nextSharing(records) : nil
  }

  /// The next trial of a setting that is recommended for another NIC, when every NIC is done.
  private func nextSharing(_ records: RunRecords) throws -> Next? {
    let recommendations = try Recommendation.derive(from: records.rows)
    let sharing = Sharing(recommendations: recommendations)
    var first: (nic: String, request: TrialRequest)?
    var left = Remaining(trials: 0, blocks: 0)
    for member in members {
      guard let own = recommendations.first(where: { $0.nic == member.nic }) else { continue }
      let campaign = member.campaign
      let candidates = sharing.candidates(
        on: own, rules: campaign.rules, isOfWholeHost: isOfWholeHost)
      var replay = Replay(
        records.evidence(of: member.nic), metrics: campaign.objective.metrics,
        plan: Replay.Plan(budget: campaign.budget, workloads: campaign.workloads))
      replay.pass(to: .share)
      for (done, candidate) in candidates.enumerated() {
        do {
          _ = try replay.sharing(candidate, against: own.configuration)
        } catch Replay.Stop.pending(let request) {
          let undone = candidates.count - done
          left.blocks += undone * request.blocks
          if first == nil {
            first = (member.nic, request)
            left.trials = undone
          }
          break
        }
      }
    }
    return first.map { Next(nic: $0.nic, request: $0.request, remaining: left) }
  }
}
