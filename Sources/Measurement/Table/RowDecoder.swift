extension TableSchema {
  /// Reads one row. Throws with the column of the first field that is wrong.
  package func decode(_ row: CSVReader.Row) throws(TableError) -> TrialRecord {
    let columns = self.columns
    guard row.fields.count == columns.count else {
      throw TableError(
        line: row.line, "\(row.fields.count) columns, but the header has \(columns.count)")
    }
    var fields = FieldCursor(row: row, columns: columns)
    let run = fields.text()
    let host = fields.text()
    let nic = fields.text()
    let driver = fields.text()
    let objective = fields.text()
    let seed: UInt64 = try fields.whole(upTo: .max)
    let datapath = fields.text()
    let workload = fields.text()
    let frameBytes: Int = try fields.whole(upTo: FieldCursor.mostCount)
    let trial: Int = try fields.whole(upTo: FieldCursor.mostCount)
    let block: Int = try fields.whole(upTo: FieldCursor.mostCount)
    let role = try fields.role()
    let sample: Int = try fields.whole(upTo: FieldCursor.mostCount)
    let startedAt = try fields.timestamp()
    let duration = try fields.number() ?? 0
    let requested = configuration(&fields)
    let effective = configuration(&fields)
    var values: [Metric: Double] = [:]
    for metric in metrics { values[metric] = try fields.number() }
    var drops: [String: UInt64] = [:]
    for hop in hops { drops[hop] = try fields.wholeIfPresent(upTo: .max) }
    let invalidReason = try fields.validity()
    return TrialRecord(
      run: run, host: host, nic: nic, driver: driver, objective: objective, seed: seed,
      datapath: datapath, workload: workload, frameBytes: frameBytes, trial: trial, block: block,
      role: role, sample: sample, requested: requested, effective: effective,
      measured: Sample(
        startedAt: startedAt, duration: duration, metrics: values, drops: drops,
        invalidReason: invalidReason))
  }

  private func configuration(_ fields: inout FieldCursor) -> Configuration {
    var configuration = Configuration()
    for knob in knobs { configuration.values[knob] = fields.value() }
    return configuration
  }
}

/// Walks along the fields of a row, one call a column.
private struct FieldCursor {
  /// No trial, block, sample or frame has a number above.
  static let mostCount = 1_000_000_000

  let row: CSVReader.Row
  let columns: [String]
  private var index = 0

  init(row: CSVReader.Row, columns: [String]) {
    self.row = row
    self.columns = columns
  }

  private mutating func next() -> CSVReader.Field {
    defer { index += 1 }
    return row.fields[index]
  }

  /// An error about the field that was given out last.
  private func wrong(_ field: CSVReader.Field, _ expected: String) -> TableError {
    let shown = field.text.count > 40 ? field.text.prefix(40) + "…" : field.text[...]
    return TableError(
      line: row.line, column: index, columnName: columns[index - 1],
      "'\(shown)' is not \(expected)")
  }

  mutating func text() -> String { next().text }

  mutating func value() -> KnobValue? {
    let field = next()
    return field.isAbsent ? nil : KnobValue(field.text)
  }

  mutating func whole<Number: FixedWidthInteger>(
    upTo most: Number
  ) throws(TableError) -> Number {
    let field = next()
    guard let number = Number(field.text), String(number) == field.text, (0...most).contains(number)
    else { throw wrong(field, "a whole number from 0 to \(most)") }
    return number
  }

  mutating func wholeIfPresent(upTo most: UInt64) throws(TableError) -> UInt64? {
    if row.fields[index].isAbsent {
      index += 1
      return nil
    }
    return try whole(upTo: most)
  }

  mutating func number() throws(TableError) -> Double? {
    let field = next()
    if field.isAbsent { return nil }
    guard field.text.utf8.allSatisfy({ "+-.eE0123456789".utf8.contains($0) }),
      let number = Double(field.text), number.isFinite
    else { throw wrong(field, "a finite decimal number") }
    return number
  }

  mutating func role() throws(TableError) -> Role {
    let field = next()
    guard let role = Role(rawValue: field.text) else {
      throw wrong(field, "one of \(Role.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return role
  }

  mutating func timestamp() throws(TableError) -> UInt64 {
    let field = next()
    guard let nanoseconds = Timestamp.nanoseconds(field.text) else {
      throw wrong(field, "a moment such as 2026-01-02T03:04:05.123456789Z")
    }
    return nanoseconds
  }

  /// The last two columns: nil if the sample is valid, else the reason why not.
  mutating func validity() throws(TableError) -> String? {
    let valid = next()
    guard ["true", "false"].contains(valid.text) else { throw wrong(valid, "true or false") }
    let reason = next()
    guard valid.text == "true" else { return reason.text }
    guard reason.text.isEmpty else { throw wrong(reason, "empty, as it must be if valid is true") }
    return nil
  }
}
