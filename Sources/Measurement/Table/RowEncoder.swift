extension TableSchema {
  package var encodedHeader: [UInt8] {
    Array((columns.map(CSVReader.field).joined(separator: ",") + "\r\n").utf8)
  }

  /// One row, ended by CR LF. What is not there is an empty field; the empty text is `""`, as
  /// PostgreSQL tells them apart too. Numbers are as short as reads back to the same value.
  ///
  /// Throws if the record has a knob, metric or hop without a column, or a number that is not
  /// finite.
  package func encode(_ record: TrialRecord) throws(UnwritableRecord) -> [UInt8] {
    try checkColumns(record)
    let sample = record.measured
    for (metric, value) in sample.metrics where !value.isFinite {
      throw UnwritableRecord("\(metric) is \(value): only finite numbers can be written")
    }
    guard sample.duration.isFinite else {
      throw UnwritableRecord("duration_s is \(sample.duration)")
    }
    var fields = [
      CSVReader.field(record.run), CSVReader.field(record.host), CSVReader.field(record.nic),
      CSVReader.field(record.driver), CSVReader.field(record.objective), String(record.seed),
      CSVReader.field(record.datapath), CSVReader.field(record.workload),
      String(record.frameBytes), String(record.trial), String(record.block),
      record.role.rawValue, String(record.sample), Timestamp.text(sample.startedAt),
      sample.duration.description,
    ]
    for configuration in [record.requested, record.effective] {
      fields += knobs.map { configuration[$0].map { CSVReader.field($0.description) } ?? "" }
    }
    fields += metrics.map { sample.metrics[$0]?.description ?? "" }
    fields += hops.map { sample.drops[$0].map(String.init) ?? "" }
    fields += [String(sample.isValid), sample.invalidReason.map(CSVReader.field) ?? ""]
    return Array((fields.joined(separator: ",") + "\r\n").utf8)
  }

  private func checkColumns(_ record: TrialRecord) throws(UnwritableRecord) {
    let named = Set(record.requested.values.keys).union(record.effective.values.keys)
    if let knob = named.subtracting(knobs).min() {
      throw UnwritableRecord("the table has no column for the knob \(knob)")
    }
    if let metric = Set(record.measured.metrics.keys).subtracting(metrics).min() {
      throw UnwritableRecord("the table has no column for the metric \(metric)")
    }
    if let hop = Set(record.measured.drops.keys).subtracting(hops).min() {
      throw UnwritableRecord("the table has no column for drops at \(hop)")
    }
  }
}
