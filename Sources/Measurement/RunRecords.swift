/// The rows of a run as they come, and the evidence that they are, NIC by NIC.
///
/// What a trial shows is worked out from its own rows alone, so that a thousand trials before it cost
/// nothing when the next block comes.
package struct RunRecords: Sendable {
  /// In the order in which they came.
  package private(set) var rows: [TrialRecord] = []
  private var evidence: [String: Evidence] = [:]
  private var byTrial: [Trial: [TrialRecord]] = [:]

  private struct Trial: Hashable, Comparable {
    let nic: String
    let number: Int

    static func < (left: Trial, right: Trial) -> Bool {
      (left.nic, left.number) < (right.nic, right.number)
    }
  }

  /// Throws as ``append(_:)``.
  package init(_ rows: [TrialRecord] = []) throws(EvidenceError) { try append(rows) }

  /// Takes in more rows. Throws if they contradict each other or those before.
  package mutating func append(_ rows: [TrialRecord]) throws(EvidenceError) {
    self.rows += rows
    let fresh = Dictionary(grouping: rows) { Trial(nic: $0.nic, number: $0.trial) }
    for trial in fresh.keys.sorted() {
      byTrial[trial, default: []] += fresh[trial] ?? []
      try evidence[trial.nic, default: Evidence()].put(trial.number, byTrial[trial] ?? [])
    }
  }

  /// What is known of a NIC; nothing where it has no row.
  package func evidence(of nic: String) -> Evidence { evidence[nic] ?? Evidence() }

  package func rows(of nic: String) -> [TrialRecord] { rows.filter { $0.nic == nic } }
}
