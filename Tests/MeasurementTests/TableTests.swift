import Measurement
import Testing

@Suite struct TableTests {
  static let schema = TableSchema(
    knobs: ["qdisc", "mtu"], metrics: [.loss, .throughput], hops: ["qdisc", "backlog"])

  static func record(sample: Int = 0, role: Role = .search) -> TrialRecord {
    TrialRecord(
      run: "2026-01-02, \"night\"", host: "kvm1", nic: "eno1", driver: "ixgbe",
      objective: "maximise throughput_bps; effect 2%", seed: .max, datapath: "packet",
      workload: "small", frameBytes: 64, trial: 3, block: 1, role: role, sample: sample,
      requested: Configuration(["qdisc": .word("tbf rate 100mbit\nburst 32kb")]),
      effective: Configuration(["qdisc": .word("tbf"), "mtu": .number(1500)]),
      measured: Sample(
        startedAt: 1_767_323_045_123_456_789, duration: 0.02,
        metrics: [.throughput: 1.0 / 3, .loss: 0], drops: ["qdisc": 7]))
  }

  static let text = """
    run,host,nic,driver,objective,seed,datapath,workload,frame_bytes,trial,block,role,sample,\
    started_at,duration_s,knob.mtu,knob.qdisc,effective.mtu,effective.qdisc,throughput_bps,\
    loss_ratio,drop.backlog,drop.qdisc,valid,invalid_reason\r
    "2026-01-02, ""night""\",kvm1,eno1,ixgbe,maximise throughput_bps; effect 2%,\
    18446744073709551615,packet,small,64,3,1,search,0,2026-01-02T03:04:05.123456789Z,0.02,,\
    "tbf rate 100mbit\nburst 32kb",1500,tbf,0.3333333333333333,0.0,,7,true,\r\n
    """

  @Test func oneRow() throws {
    let table = TrialTable(schema: Self.schema, records: [Self.record()])
    #expect(String(decoding: try table.encoded(), as: UTF8.self) == Self.text)
    #expect(try TrialTable(decoding: Array(Self.text.utf8)) == table)
  }

  @Test func lineFeedsAloneAreReadToo() throws {
    let plain = Self.text.unicodeScalars.filter { $0 != "\r" }
    let table = try TrialTable(decoding: Array(String(String.UnicodeScalarView(plain)).utf8))
    #expect(table.records == [Self.record()])
  }

  @Test func emptyAndAbsentAreTwoThings() throws {
    var record = Self.record()
    record.host = ""
    record.requested = Configuration(["mtu": .word("")])
    record.effective = .baseline
    record.measured.metrics = [:]
    record.measured.drops = [:]
    record.measured.invalidReason = ""
    let table = TrialTable(schema: Self.schema, records: [record])
    #expect(try TrialTable(decoding: table.encoded()) == table)
  }

  @Test func whatHasNoColumnIsNotWritten() {
    var knob = Self.record()
    knob.effective.values["ring.rx"] = .number(1)
    var metric = Self.record()
    metric.measured.metrics[.latencyP50] = 1
    var hop = Self.record()
    hop.measured.drops["tap"] = 1
    var infinite = Self.record()
    infinite.measured.metrics[.throughput] = .infinity
    for (record, word) in [
      (knob, "ring.rx"), (metric, "latency_p50_us"), (hop, "tap"), (infinite, "finite"),
    ] {
      let error = #expect(throws: UnwritableRecord.self) { try Self.schema.encode(record) }
      #expect(error?.description.contains(word) == true)
    }
  }

  @Test(arguments: [
    ("seed", "007", "'007' is not a whole number"), ("seed", "-1", "not a whole number"),
    ("trial", "1000000001", "not a whole number"), ("trial", "", "not a whole number"),
    ("role", "winner", "'winner' is not one of"), ("duration_s", "nan", "not a finite"),
    ("throughput_bps", "abc", "'abc' is not a finite"), ("throughput_bps", "1e999", "not a finite"),
    ("throughput_bps", "0x10", "not a finite"), ("drop.qdisc", "1.5", "not a whole number"),
    ("started_at", "2026-02-30T03:04:05.123456789Z", "not a moment"),
    ("started_at", "2026-01-02T03:04:05Z", "not a moment"), ("valid", "yes", "not true or false"),
    ("invalid_reason", "steal", "must be if valid is true"), ("run", "a\"b", "quotation mark"),
  ])
  func aWrongFieldIsNamed(column: String, field: String, expected: String) throws {
    let index = try #require(Self.schema.columns.firstIndex(of: column))
    var fields = Self.plainFields
    fields[index] = field
    let error = Self.errorOf(fields)
    #expect(error?.line == 2)
    #expect(error?.column == index + 1)
    #expect(error?.description.contains(expected) == true, "\(error?.description ?? "")")
  }

  static let plainFields = [
    "r", "h", "n", "d", "o", "1", "p", "w", "64", "0", "0", "noise", "0",
    "2026-01-02T03:04:05.123456789Z", "0.02", "", "", "", "", "1", "0", "", "", "true", "",
  ]

  static func errorOf(_ fields: [String]) -> TableError? {
    let text = schema.columns.joined(separator: ",") + "\n" + fields.joined(separator: ",") + "\n"
    return #expect(throws: TableError.self) { try TrialTable(decoding: Array(text.utf8)) }
  }

  @Test func theNumberOfColumnsIsFixed() {
    #expect(Self.errorOf(Self.plainFields + ["x"])?.description.contains("26 columns") == true)
    #expect(Self.errorOf(Self.plainFields.dropLast())?.description.contains("24 columns") == true)
  }

  @Test func theSameSampleTwice() throws {
    let records = [Self.record(), Self.record(sample: 1), Self.record()]
    let bytes = try TrialTable(schema: Self.schema, records: records).encoded()
    let error = #expect(throws: TableError.self) { try TrialTable(decoding: bytes) }
    // The quoted line break makes every row two lines.
    #expect(error?.description == "line 6: the same sample as on line 2")
    let pair = [Self.record(), Self.record(role: .baseline)]
    #expect(
      try TrialTable(decoding: TrialTable(schema: Self.schema, records: pair).encoded()).records
        == pair)
  }

  @Test(arguments: [
    ("loss_ratio", "loss_ration", "did you mean loss_ratio?"), ("seed", "", "no such column"),
    ("drop.qdisc", "drop.backlog", "twice"), ("knob.mtu", "knob.foo", "missing"),
    ("nic", "driver", "twice"), ("host", "nic", "twice"),
  ])
  func aWrongHeaderIsNamed(column: String, name: String, expected: String) {
    let header = Self.schema.columns.map { $0 == column ? name : $0 }
    let error = #expect(throws: TableError.self) { try TableSchema(header: header) }
    #expect(error?.description.contains(expected) == true, "\(error?.description ?? "")")
  }

  @Test func columnsHaveTheirPlaces() {
    var header = Self.schema.columns
    header.swapAt(1, 2)
    let error = #expect(throws: TableError.self) { try TableSchema(header: header) }
    #expect(error?.description == "line 1, column 2 (nic): the column host must stand here")
    #expect(throws: TableError.self) { try TrialTable(decoding: []) }
    #expect(throws: TableError.self) { try TableSchema(header: []) }
  }
}
