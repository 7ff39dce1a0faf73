import Measurement
import Testing

@Suite struct TableRoundTripTests {
  @Test(
    arguments: [
      (0, "1970-01-01T00:00:00.000000000Z"),
      (1, "1970-01-01T00:00:00.000000001Z"),
      (951_782_400_000_000_000, "2000-02-29T00:00:00.000000000Z"),
      (1_767_323_045_123_456_789, "2026-01-02T03:04:05.123456789Z"),
      (4_107_542_399_999_999_999, "2100-02-28T23:59:59.999999999Z"),
      (4_107_542_400_000_000_000, "2100-03-01T00:00:00.000000000Z"),
      (18_398_793_599_000_000_000, "2553-01-12T23:59:59.000000000Z"),
    ] as [(UInt64, String)])
  func moments(nanoseconds: UInt64, text: String) {
    #expect(Timestamp.text(nanoseconds) == text)
    #expect(Timestamp.nanoseconds(text) == nanoseconds)
  }

  @Test func everyDayHasItsDate() {
    for day in stride(from: UInt64(0), to: 200_000, by: 13) {
      let nanoseconds = day * 86_400_000_000_000
      #expect(Timestamp.nanoseconds(Timestamp.text(nanoseconds)) == nanoseconds)
    }
  }

  @Test(arguments: [
    "", "2026-01-02", "2026-13-02T03:04:05.123456789Z", "2026-00-02T03:04:05.123456789Z",
    "2026-01-32T03:04:05.123456789Z", "1970-01-00T03:04:05.123456789Z",
    "2025-02-29T03:04:05.123456789Z",
    "2026-01-02T24:04:05.123456789Z", "2026-01-02T03:60:05.123456789Z",
    "2026-01-02T03:04:60.123456789Z", "2026-01-02 03:04:05.123456789Z",
    "2026-01-02T03:04:05.123456789+", "2026-01-02T03:04:05.12345678٣Z",
    "9999-01-02T03:04:05.123456789Z", "1969-12-31T23:59:59.123456789Z",
  ])
  func whatIsNoMoment(text: String) {
    #expect(Timestamp.nanoseconds(text) == nil)
  }

  /// Every number that a computer can hold is written so that it reads back as itself.
  @Test func numbersReadBack() throws {
    var generator = SeededGenerator(seed: 8)
    var records: [TrialRecord] = []
    for sample in 0..<500 {
      var record = TableTests.record(sample: sample)
      let value = Double(bitPattern: generator.next())
      record.measured.metrics = [.throughput: value.isFinite ? value : -0.0]
      record.measured.startedAt = generator.below(18_000_000_000_000_000_000)
      record.measured.drops = ["backlog": generator.next()]
      records.append(record)
    }
    let table = TrialTable(schema: TableTests.schema, records: records)
    let bytes = try table.encoded()
    let back = try TrialTable(decoding: bytes)
    #expect(back == table)
    #expect(try back.encoded() == bytes)
  }
}
