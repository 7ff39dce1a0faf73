/// Two samples of the same moment, one on either side of a comparison.
package struct SamplePair: Hashable, Sendable {
  package let reference: Sample
  package let candidate: Sample

  /// Whether both samples may count.
  package var isValid: Bool { reference.isValid && candidate.isValid }
}

/// The samples of one workload in one block of a trial.
package struct Block: Hashable, Sendable {
  package let workload: String
  package let number: Int
  /// In the order of sample numbers.
  package let pairs: [SamplePair]
  /// False if a sample has lost its partner: the writing of the block was cut short.
  package let isComplete: Bool

  /// Whether fewer than half of its pairs are valid: something else went on meanwhile. What is left
  /// of such a block counts for nothing, and it is measured once more.
  package var isTainted: Bool { 2 * pairs.count(where: \.isValid) < pairs.count }
}

/// All that was measured for one trial.
package struct TrialEvidence: Hashable, Sendable {
  package let number: Int
  /// The candidate's role.
  package let role: Role
  package let candidate: Configuration
  /// What the candidate is held against: the baseline but for ``Role/ablate`` and ``Role/share``.
  package let reference: Configuration
  /// What the kernel made of either, as the first valid samples say; nil if they do not.
  package let candidateEffective: Configuration?
  package let referenceEffective: Configuration?
  /// In order of workload and number.
  package let blocks: [Block]
  /// What it shows, by how it is judged: a search looks at all of its trials before each new one.
  package let findings = Memo<Judging, TrialFinding>()

  /// How a trial is judged.
  package struct Judging: Hashable, Sendable {
    package let objective: Objective
    /// The workloads that have each of the objective's metrics.
    package let workloads: [Metric: Set<String>]
    /// The chance of a false finding that this one may have, of ``Estimate/alpha`` in all.
    package let alpha: Double
    /// Whether its effective configuration was measured before: then it shows nothing.
    package let isRepeat: Bool

    package init(
      objective: Objective, workloads: [Metric: Set<String>], alpha: Double = Estimate.alpha,
      isRepeat: Bool
    ) {
      self.objective = objective
      self.workloads = workloads
      self.alpha = alpha
      self.isRepeat = isRepeat
    }
  }

  /// Those that count.
  package func soundBlocks(of workload: String) -> [Block] {
    blocks.filter { $0.workload == workload && !$0.isTainted }
  }

  /// The same trial as it was after so many blocks.
  package func first(_ blocks: Int) -> TrialEvidence {
    TrialEvidence(
      number: number, role: role, candidate: candidate, reference: reference,
      candidateEffective: candidateEffective, referenceEffective: referenceEffective,
      blocks: self.blocks.filter { $0.number < blocks })
  }

  /// The workloads of which some sample, valid or not, has the metric.
  package func workloads(with metric: Metric) -> Set<String> {
    let measured = blocks.filter { block in
      block.pairs.contains {
        $0.reference.metrics[metric] != nil || $0.candidate.metrics[metric] != nil
      }
    }
    return Set(measured.map(\.workload))
  }
}

/// The rows of one NIC, sorted into trials, blocks and pairs. The order of the rows is of no matter.
package struct Evidence: Hashable, Sendable {
  /// In the order of their numbers.
  package private(set) var trials: [TrialEvidence] = []
  /// Of whatever was drawn; 0 without a row.
  package private(set) var seed: UInt64 = 0

  init() {}

  /// Throws if rows contradict each other: a sample that is there twice, or a trial with several
  /// candidates.
  package init(_ records: [TrialRecord]) throws(EvidenceError) {
    let byTrial = Dictionary(grouping: records, by: \.trial)
    for number in byTrial.keys.sorted() { try put(number, byTrial[number] ?? []) }
  }

  /// Puts a trial in its place, or in the place of what was known of it.
  ///
  /// - Parameter rows: all of the trial, one at least.
  mutating func put(_ number: Int, _ rows: [TrialRecord]) throws(EvidenceError) {
    seed = rows[0].seed
    guard let trial = try TrialEvidence(number, rows) else { return }
    let place = trials.lastIndex { $0.number <= number }
    if let place, trials[place].number == number {
      trials[place] = trial
    } else {
      trials.insert(trial, at: place.map { $0 + 1 } ?? 0)
    }
  }
}

/// Rows that can not all be true.
package struct EvidenceError: Error, Hashable, Sendable, CustomStringConvertible {
  package let description: String
  package init(_ description: String) { self.description = description }
}

extension TrialEvidence {
  /// Nil if only the reference was written yet.
  fileprivate init?(_ number: Int, _ rows: [TrialRecord]) throws(EvidenceError) {
    let references = rows.filter { $0.role == .baseline }.sorted(by: isEarlier)
    let candidates = rows.filter { $0.role != .baseline }.sorted(by: isEarlier)
    guard let candidate = candidates.first else { return nil }
    self.number = number
    role = candidate.role
    self.candidate = candidate.requested
    reference = references.first?.requested ?? .baseline
    let same =
      candidates.allSatisfy { $0.role == candidate.role && $0.requested == candidate.requested }
      && references.allSatisfy { $0.requested == references[0].requested }
    guard same else {
      throw EvidenceError("trial \(number) has more than one candidate or reference")
    }
    candidateEffective = effective(candidates)
    referenceEffective = effective(references)
    blocks = try Self.blocks(number, references, candidates)
  }

  private static func blocks(
    _ trial: Int, _ references: [TrialRecord], _ candidates: [TrialRecord]
  ) throws(EvidenceError) -> [Block] {
    struct Place: Hashable { let workload: String, block: Int }
    func place(_ row: TrialRecord) -> Place { Place(workload: row.workload, block: row.block) }
    let left = Dictionary(grouping: references, by: place)
    let right = Dictionary(grouping: candidates, by: place)
    var blocks: [Block] = []
    for place in Set(left.keys).union(right.keys) {
      let references = try bySample(left[place] ?? [])
      let candidates = try bySample(right[place] ?? [])
      let both = references.keys.filter { candidates[$0] != nil }.sorted()
      blocks.append(
        Block(
          workload: place.workload, number: place.block,
          pairs: both.compactMap { sample in
            guard let reference = references[sample], let candidate = candidates[sample] else {
              return nil
            }
            return SamplePair(reference: reference.measured, candidate: candidate.measured)
          },
          isComplete: both.count == references.count && both.count == candidates.count))
    }
    return blocks.sorted { ($0.workload, $0.number) < ($1.workload, $1.number) }
  }

  private static func bySample(
    _ rows: [TrialRecord]
  ) throws(EvidenceError) -> [Int: TrialRecord] {
    var samples: [Int: TrialRecord] = [:]
    for row in rows {
      guard samples.updateValue(row, forKey: row.sample) == nil else {
        throw EvidenceError(
          "trial \(row.trial), workload \(row.workload), block \(row.block), sample \(row.sample): "
            + "the role \(row.role) is there twice")
      }
    }
    return samples
  }
}

private func effective(_ rows: [TrialRecord]) -> Configuration? {
  rows.first { $0.measured.isValid && !$0.effective.values.isEmpty }?.effective
}

/// The order in which rows are looked at where the first one counts.
private func isEarlier(_ left: TrialRecord, _ right: TrialRecord) -> Bool {
  (left.workload, left.block, left.sample) < (right.workload, right.block, right.sample)
}
