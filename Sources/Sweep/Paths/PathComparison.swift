import Foundation
package import Measurement

/// What the table of a run of schemes amounts to: derived from its rows alone.
package struct PathComparison: Sendable, Codable, Hashable {
  package let reference: String
  /// In the order of ``Scheme/all``.
  package let paths: [Path]

  package struct Path: Sendable, Codable, Hashable {
    package let scheme: String
    package let title: String
    /// `kvm` or `tcg`; nil if it did not run.
    package let accelerator: String?
    package let driver: String?
    /// By ``PathMeasure/name``.
    package let measures: [String: Estimate]
    /// Frames lost on the way to the guest under overload, as a share of the offered, by hop.
    package let lossToGuest: [String: Double]
    /// The same for frames from the guest.
    package let lossFromGuest: [String: Double]
    /// Why it could not run here, or which of its windows do not count, and why.
    package let reasons: [String]
    /// The `<interface>` of a libvirt domain.
    package let libvirt: String
    /// QEMU's arguments for the NIC.
    package let qemu: [String]
  }

  /// A value and what can be said of it: the Hodges-Lehmann estimate over rounds with its exact
  /// 95 % interval, nil with fewer than 6 rounds.
  package struct Estimate: Sendable, Codable, Hashable {
    package let value: Double
    package let interval: Interval?
    /// Against the reference, from the ratios within each round; nil for the reference itself.
    package let ratio: Double?
    package let ratioInterval: Interval?
  }

  /// - Parameter records: the rows of a `paths.csv`, in any order. Schemes that this version does
  ///   not know are left out.
  package init(_ records: [TrialRecord]) {
    reference = Scheme.reference
    let rows = Dictionary(grouping: records, by: \.nic)
    let base = Rounds(rows[Scheme.reference] ?? [])
    paths = Scheme.all.compactMap { scheme in
      rows[scheme.name].map { Self.path(scheme, $0, base: base) }
    }
  }

  private static func path(_ scheme: Scheme, _ rows: [TrialRecord], base: Rounds) -> Path {
    let own = Rounds(rows)
    let isReference = scheme.name == Scheme.reference
    var measures: [String: Estimate] = [:]
    for measure in PathMeasure.all {
      measures[measure.name] = estimate(
        own.values(of: measure), base: isReference ? nil : base.values(of: measure))
    }
    let identity = rows.first { $0.measured.isValid }
    return Path(
      scheme: scheme.name, title: scheme.title,
      accelerator: identity.flatMap(PathTable.accelerator),
      driver: identity?.driver, measures: measures,
      lossToGuest: own.loss(of: PathMeasure.framesIn.name),
      lossFromGuest: own.loss(of: PathMeasure.framesOut.name),
      reasons: reasons(rows), libvirt: scheme.libvirt, qemu: scheme.qemu)
  }

  /// One line for each workload and reason; a scheme that did not run has a single one.
  private static func reasons(_ rows: [TrialRecord]) -> [String] {
    let invalid = rows.filter { !$0.measured.isValid }
    if invalid.count == rows.count, rows.count == 1 {
      return invalid.compactMap(\.measured.invalidReason)
    }
    let groups = Dictionary(grouping: invalid) { row in
      "\(row.workload): \(row.measured.invalidReason ?? "")"
    }
    return groups.sorted { $0.key < $1.key }.map { "\($0.key) (\($0.value.count)×)" }
  }

  private static func estimate(_ values: [Int: Double], base: [Int: Double]?) -> Estimate? {
    // In the order of the rounds, so that the same table gives the same last digit.
    let rounds = values.sorted { $0.key < $1.key }
    guard let own = HodgesLehmann(rounds.map { log($0.value) }) else { return nil }
    let logarithms = base.map { base in
      rounds.compactMap { round, value in base[round].map { log(value / $0) } }
    }
    let ratio = logarithms.flatMap { HodgesLehmann($0) }
    return Estimate(
      value: exp(own.estimate), interval: own.interval.map(Interval.init(exponentialOf:)),
      ratio: ratio.map { exp($0.estimate) },
      ratioInterval: ratio?.interval.map(Interval.init(exponentialOf:)))
  }
}

extension Interval {
  fileprivate init(exponentialOf range: ClosedRange<Double>) {
    self.init(lower: exp(range.lowerBound), upper: exp(range.upperBound))
  }
}

/// The valid rows of one scheme.
private struct Rounds {
  private let rows: [TrialRecord]

  init(_ rows: [TrialRecord]) { self.rows = rows.filter(\.measured.isValid) }

  /// By round; what is not above 0 has no ratio.
  func values(of measure: PathMeasure) -> [Int: Double] {
    var found: [Int: Double] = [:]
    for row in rows where row.workload == measure.workload {
      if let value = row.measured.metrics[measure.metric], value > 0, value.isFinite {
        found[row.block] = value
      }
    }
    return found
  }

  func loss(of workload: String) -> [String: Double] {
    let own = rows.filter { $0.workload == workload }
    let offered = own.compactMap { $0.measured.metrics[.offered] }.reduce(0, +)
    guard offered > 0 else { return [:] }
    var drops: [String: Double] = [:]
    for row in own {
      for (hop, count) in row.measured.drops where count > 0 {
        drops[hop, default: 0] += Double(count)
      }
    }
    return drops.mapValues { $0 / offered }
  }
}
