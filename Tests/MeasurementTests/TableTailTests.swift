import Measurement
import Testing

/// What a killed writer, a broken disk or a stranger may leave.
@Suite struct TableTailTests {
  /// Wherever the table is cut, the whole lines before are found.
  @Test func everyCutIsToldApart() throws {
    let schema = TableTests.schema
    let records = (0..<3).map { sample in
      var record = TableTests.record(sample: sample)
      record.requested = .baseline
      return record
    }
    var ends = [schema.encodedHeader.count]
    for record in records { ends.append(try #require(ends.last) + schema.encode(record).count) }
    let bytes = try TrialTable(schema: schema, records: records).encoded()
    for length in 1..<bytes.count where !ends.contains(length) {
      let error = #expect(throws: TableError.self) {
        try TrialTable(decoding: Array(bytes[..<length]))
      }
      let whole = ends.last { $0 <= length } ?? 0
      #expect(error?.reason == .truncatedTail(wholeBytes: whole), "cut at \(length)")
    }
  }

  /// An open quotation mark swallows the rest: that must not pass for a truncated tail, or whole
  /// lines would be cut off with it.
  @Test func anOpenQuotationMarkIsNoTail() {
    var reader = CSVReader(Array("a,b\r\n\"c,d\r\ne,f\r\n".utf8))
    #expect(throws: Never.self) { try reader.next() }
    let error = #expect(throws: TableError.self) { try reader.next() }
    #expect(error?.description == "line 2, column 1: a quotation mark that is never closed")
  }

  @Test(arguments: [
    ("a\"b\r\n", "does not begin with one"), ("\"a\"b\r\n", "behind the closing"),
    ("a\rb\r\n", "ends no line"),
  ])
  func quotesAndLineEnds(text: String, expected: String) {
    var reader = CSVReader(Array(text.utf8))
    let error = #expect(throws: TableError.self) { try reader.next() }
    #expect(error?.description.contains(expected) == true)
  }

  @Test func onlyUTF8IsText() {
    var reader = CSVReader([0x61, 0x2C, 0xFF, 0x0A])
    let error = #expect(throws: TableError.self) { try reader.next() }
    #expect(error?.description == "line 1, column 2: not UTF-8")
  }

  @Test func fieldsAndRowsAreBounded() {
    let long = [UInt8](repeating: 0x61, count: CSVReader.fieldLimit + 1)
    for text in [long + [0x0A], [0x22] + long + [0x22, 0x0A]] {
      var reader = CSVReader(text)
      let error = #expect(throws: TableError.self) { try reader.next() }
      #expect(error?.description.contains("longer than") == true)
    }
    var reader = CSVReader([UInt8](repeating: 0x2C, count: CSVReader.columnLimit + 1) + [0x0A])
    let error = #expect(throws: TableError.self) { try reader.next() }
    #expect(error?.description.contains("columns") == true)
  }

  @Test func fieldsReadBack() throws {
    var generator = SeededGenerator(seed: 11)
    let letters = Array(",\"\r\n ab;é✓".unicodeScalars)
    for _ in 0..<300 {
      let texts = (0..<(1 + generator.below(4))).map { _ in
        String(
          String.UnicodeScalarView(
            (0..<generator.below(6)).map { _ in letters[Int(generator.below(UInt64(letters.count)))]
            }))
      }
      let line = texts.map(CSVReader.field).joined(separator: ",") + "\r\n"
      var reader = CSVReader(Array(line.utf8))
      let row = try #require(try reader.next())
      #expect(row.fields.map { Array($0.text.utf8) } == texts.map { Array($0.utf8) })
      #expect(try reader.next() == nil)
    }
  }

  /// Bytes at random, and good tables with a few bytes changed: an error or a table, never a crash;
  /// and what is read is written and read again as the same.
  @Test func noiseIsRefusedOrReadBack() throws {
    let good = try TrialTable(
      schema: TableTests.schema, records: (0..<4).map { TableTests.record(sample: $0) }
    ).encoded()
    var generator = SeededGenerator(seed: 5)
    var read = 0
    for round in 0..<3000 {
      var bytes =
        round.isMultiple(of: 3)
        ? (0..<generator.below(200)).map { _ in UInt8(generator.below(256)) } : good
      for _ in 0..<generator.below(4) where !bytes.isEmpty {
        let place = Int(generator.below(UInt64(bytes.count)))
        let letters = Array(",\"\r\n01.-aZ".utf8) + [0, 255]
        bytes[place] = letters[Int(generator.below(UInt64(letters.count)))]
      }
      guard let table = try? TrialTable(decoding: bytes) else { continue }
      read += 1
      let once = try table.encoded()
      #expect(try TrialTable(decoding: once).encoded() == once)
    }
    #expect(read > 300)
  }
}
