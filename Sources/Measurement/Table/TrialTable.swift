/// The rows of a `trials.csv` and their columns.
package struct TrialTable: Hashable, Sendable {
  package let schema: TableSchema
  package let records: [TrialRecord]

  package init(schema: TableSchema, records: [TrialRecord]) {
    self.schema = schema
    self.records = records
  }

  /// Reads a whole table. Strict: what ``TableSchema/encode(_:)`` would not have written is an
  /// error with its line and column, and so is a sample that is there twice.
  package init(decoding bytes: [UInt8]) throws(TableError) {
    var reader = CSVReader(bytes)
    guard let header = try reader.next() else {
      throw TableError(line: 1, "the table is empty: not even a header")
    }
    schema = try TableSchema(header: header.fields.map(\.text))
    var records: [TrialRecord] = []
    var lines: [Place: Int] = [:]
    while let row = try reader.next() {
      let record = try schema.decode(row)
      if let line = lines.updateValue(row.line, forKey: Place(record)) {
        throw TableError(line: row.line, "the same sample as on line \(line)")
      }
      records.append(record)
    }
    self.records = records
  }

  /// The table as bytes: header, then a row for each record, every line ended by CR LF.
  package func encoded() throws(UnwritableRecord) -> [UInt8] {
    var bytes = schema.encodedHeader
    for record in records { bytes += try schema.encode(record) }
    return bytes
  }

  /// What only one row may have.
  private struct Place: Hashable {
    let nic: String, workload: String
    let trial: Int, block: Int, sample: Int
    let isReference: Bool

    init(_ record: TrialRecord) {
      nic = record.nic
      workload = record.workload
      trial = record.trial
      block = record.block
      sample = record.sample
      isReference = record.role == .baseline
    }
  }
}
