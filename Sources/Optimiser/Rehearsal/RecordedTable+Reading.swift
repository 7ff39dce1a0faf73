import Foundation
package import Measurement

extension RecordedTable {
  /// What of a table of numbers is what.
  package struct Request: Hashable, Sendable {
    /// The column with the value; nil for the last one, and in a `trials.csv` for the first metric
    /// of its objective.
    package var metric: String?
    /// Which way the metric is good; in a `trials.csv` without a metric named the objective tells.
    package var goal: Goal
    /// The default's values; nil for the first row. A `trials.csv` has its own.
    package var baseline: Configuration?

    package init(metric: String? = nil, goal: Goal = .maximise, baseline: Configuration? = nil) {
      self.metric = metric
      self.goal = goal
      self.baseline = baseline
    }
  }

  /// Reads a table: a `trials.csv`, whose search becomes the table, or one in which every column
  /// but the metric's is a knob and every row a configuration.
  ///
  /// - Throws: `TableError` with its place for what is no such table; `SearchSpaceError` for one
  ///   that there is nothing to search in; of a `trials.csv` what its evidence throws.
  package init(decoding bytes: [UInt8], _ request: Request = Request()) throws {
    var reader = CSVReader(bytes)
    guard let header = try reader.next() else {
      throw TableError(line: 1, "the table is empty: not even a header")
    }
    let names = header.fields.map(\.text)
    if (try? TableSchema(header: names)) != nil {
      try self.init(search: TrialTable(decoding: bytes), request)
      return
    }
    let metric = request.metric ?? names.last ?? ""
    guard let place = names.firstIndex(of: metric) else {
      let hint = nearest(to: metric, among: names).map { "; did you mean \($0)?" } ?? ""
      throw TableError(line: 1, "there is no column \(metric)\(hint)")
    }
    guard Set(names).count == names.count else {
      throw TableError(line: 1, "a column is there twice")
    }
    var rows: [(configuration: Configuration, value: Double)] = []
    while let row = try reader.next() {
      rows.append(try Self.decode(row, names, metric: place))
    }
    guard let first = rows.first?.configuration else {
      throw TableError(line: 2, "the table has no rows")
    }
    let wanted = request.baseline ?? Configuration()
    if let unknown = wanted.names.first(where: { first[$0] == nil }) {
      throw SearchSpaceError("the default has a value for \(unknown), which is no column")
    }
    try self.init(
      rows: rows, baseline: Configuration(first.values.merging(wanted.values) { $1 }),
      goal: request.goal)
  }

  private static func decode(
    _ row: CSVReader.Row, _ names: [String], metric place: Int
  ) throws(TableError) -> (configuration: Configuration, value: Double) {
    guard row.fields.count == names.count else {
      throw TableError(
        line: row.line, "\(row.fields.count) fields, but the header has \(names.count)")
    }
    guard let value = Double(row.fields[place].text), value.isFinite, value > 0 else {
      throw TableError(
        line: row.line, column: place + 1, columnName: names[place],
        "'\(row.fields[place].text)' is no number above 0")
    }
    var configuration = Configuration()
    for (index, name) in names.enumerated() where index != place {
      configuration.values[KnobName(rawValue: name)] = KnobValue(row.fields[index].text)
    }
    return (configuration, value)
  }

  /// The search of a sweep: the effect of every configuration that was measured, on the metric that
  /// is asked for.
  private init(search table: TrialTable, _ request: Request) throws {
    guard let head = table.records.first else {
      throw TableError(line: 2, "the table has no samples yet")
    }
    guard request.baseline == nil else {
      throw SearchSpaceError(
        "the default of a trials.csv is what its target was found with; no other can be named")
    }
    let aim = try request.aim ?? Objective(parsing: head.objective).aims[0]
    let evidence = try Evidence(table.records.filter { $0.nic == head.nic })
    let rows = evidence.trials.filter { $0.role == .search }.compactMap { trial in
      let workloads = trial.workloads(with: aim.metric).sorted()
      return PairedComparison(trial, aim.metric, workloads: workloads).effect.map {
        (configuration: Self.complete(trial.candidate, table.schema.knobs), value: $0.ratio)
      }
    }
    guard !rows.isEmpty else {
      throw SearchSpaceError(
        "no configuration of the search was measured by \(aim.metric), in whole swap pairs")
    }
    let baseline = Self.complete(.baseline, table.schema.knobs)
    try self.init(rows: [(baseline, 1)] + rows, baseline: baseline, goal: aim.goal)
  }

  /// The configuration with `default` for every knob that it leaves alone.
  private static func complete(_ configuration: Configuration, _ knobs: [KnobName]) -> Configuration
  {
    let all = Dictionary(uniqueKeysWithValues: knobs.map { ($0, SearchSpace.untouched) })
    return Configuration(all.merging(configuration.values) { $1 })
  }
}

extension RecordedTable.Request {
  /// The metric of a sweep that is asked for; nil if none is.
  ///
  /// - Throws: `SearchSpaceError` for one that no sweep has; `ObjectiveError` for one without ratios.
  fileprivate var aim: Aim? {
    get throws {
      guard let metric else { return nil }
      guard let known = Metric.named(metric) else {
        let hint = nearest(to: metric, among: Metric.all.map(\.name))
        throw SearchSpaceError(
          "a trials.csv has no metric \(metric)" + (hint.map { "; did you mean \($0)?" } ?? ""))
      }
      return try Aim(goal, known)
    }
  }
}
