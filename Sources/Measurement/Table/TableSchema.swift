/// The columns of a `trials.csv`: the same for all its rows, fixed when its header is written.
package struct TableSchema: Hashable, Sendable {
  /// The knobs of the search space: a column `knob.…` and one `effective.…` each.
  package let knobs: [KnobName]
  package let metrics: [Metric]
  /// The hops of the paths: a column `drop.…` each.
  package let hops: [String]

  /// Repeats are dropped; knobs and hops are sorted, metrics stand in the order of ``Metric/all``.
  package init(knobs: [KnobName], metrics: [Metric] = Metric.all, hops: [String]) {
    self.knobs = Set(knobs).sorted()
    self.metrics = Metric.all.filter(metrics.contains)
    self.hops = Set(hops).sorted()
  }

  static let first = [
    "run", "host", "nic", "driver", "objective", "seed", "datapath", "workload", "frame_bytes",
    "trial", "block", "role", "sample", "started_at", "duration_s",
  ]
  static let last = ["valid", "invalid_reason"]

  /// The names of all columns, in their order.
  package var columns: [String] {
    Self.first + knobs.map { "knob.\($0)" } + knobs.map { "effective.\($0)" }
      + metrics.map(\.name) + hops.map { "drop.\($0)" } + Self.last
  }

  /// Reads a header. Throws for a column that is missing, unknown, repeated or out of its place.
  package init(header: [String]) throws(TableError) {
    func names(_ prefix: String) -> [String] {
      header.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
    }
    self.init(
      knobs: (names("knob.") + names("effective.")).map(KnobName.init(rawValue:)),
      metrics: header.compactMap(Metric.named), hops: names("drop."))
    let right = columns
    guard header != right else { return }
    var seen: Set<String> = []
    for (index, name) in header.enumerated() where !seen.insert(name).inserted {
      throw TableError(line: 1, column: index + 1, columnName: name, "the column is there twice")
    }
    for (index, name) in header.enumerated() where !right.contains(name) {
      let known = Self.first + Metric.all.map(\.name) + Self.last
      let hint = nearest(to: name, among: known).map { "; did you mean \($0)?" } ?? ""
      throw TableError(
        line: 1, column: index + 1, columnName: name, "there is no such column\(hint)")
    }
    if let missing = right.first(where: { !seen.contains($0) }) {
      throw TableError(line: 1, "the column \(missing) is missing")
    }
    let index = zip(header, right).enumerated().first { $0.element.0 != $0.element.1 }?.offset ?? 0
    throw TableError(
      line: 1, column: index + 1, columnName: header[index],
      "the column \(right[index]) must stand here")
  }
}
