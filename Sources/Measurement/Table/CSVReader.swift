/// Takes comma-separated values (RFC 4180) apart, row by row.
///
/// Rows may end in CR LF or LF. Input is hostile until parsed: fields, rows and their number are
/// bounded, and an error names its place.
package struct CSVReader {
  package struct Field: Hashable, Sendable {
    package let text: String
    /// An empty field without quotes is no value; with quotes it is the empty text.
    package let isQuoted: Bool

    package var isAbsent: Bool { text.isEmpty && !isQuoted }
  }

  package struct Row: Hashable, Sendable {
    /// Of the row's first byte, counted from 1.
    package let line: Int
    /// Of the row's first byte in the table.
    package let offset: Int
    package let fields: [Field]
  }

  /// The most bytes that a field may have, and the most fields of a row.
  package static let fieldLimit = 65536
  package static let columnLimit = 4096

  private let bytes: [UInt8]
  /// Where the next row begins: everything before was given out.
  package private(set) var offset = 0
  private var line = 1

  package init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// The next row, or nil at the end.
  ///
  /// Throws for a row that breaks RFC 4180, is not UTF-8, or is not ended.
  package mutating func next() throws(TableError) -> Row? {
    guard offset < bytes.count else { return nil }
    let start = offset
    var position = offset
    var fields: [Field] = []
    var breaks = 0
    while true {
      let number = fields.count + 1
      let field = try field(at: position, number: number, breaks: &breaks)
      fields.append(field.field)
      position = field.end
      if bytes[position] == .comma {
        guard number < Self.columnLimit else {
          throw TableError(line: line, "more than \(Self.columnLimit) columns")
        }
        position += 1
        continue
      }
      offset = position + (bytes[position] == .carriageReturn ? 2 : 1)
      let row = Row(line: line, offset: start, fields: fields)
      line += breaks + 1
      return row
    }
  }

  /// The field that begins at `start`, and the place of the comma or line end behind it.
  private func field(
    at start: Int, number: Int, breaks: inout Int
  ) throws(TableError) -> (field: Field, end: Int) {
    guard start < bytes.count else { throw unfinished(number) }
    let isQuoted = bytes[start] == .quote
    var content: [UInt8] = []
    var position = start
    if isQuoted {
      position = try quoted(from: start + 1, number, into: &content, breaks: &breaks)
    } else {
      while position < bytes.count, !bytes[position].endsField {
        guard bytes[position] != .quote else {
          throw TableError(
            line: line, column: number,
            "a quotation mark within a field that does not begin with one")
        }
        position += 1
      }
      content = Array(bytes[start..<min(position, start + Self.fieldLimit + 1)])
    }
    guard content.count <= Self.fieldLimit else {
      throw TableError(line: line, column: number, "longer than \(Self.fieldLimit) bytes")
    }
    try checkEnd(position, number, isQuoted)
    guard let text = String(validating: content, as: UTF8.self) else {
      throw TableError(line: line, column: number, "not UTF-8")
    }
    return (Field(text: text, isQuoted: isQuoted), position)
  }

  /// Reads up to the closing mark; gives the place behind it.
  private func quoted(
    from start: Int, _ number: Int, into content: inout [UInt8], breaks: inout Int
  ) throws(TableError) -> Int {
    var position = start
    while position < bytes.count, content.count <= Self.fieldLimit {
      if bytes[position] == .quote {
        guard position + 1 < bytes.count, bytes[position + 1] == .quote else {
          return position + 1
        }
        position += 1
      }
      if bytes[position] == .lineFeed { breaks += 1 }
      content.append(bytes[position])
      position += 1
    }
    guard position < bytes.count else { throw unfinished(number) }
    return position
  }

  private func checkEnd(
    _ position: Int, _ number: Int, _ isQuoted: Bool
  ) throws(TableError) {
    guard position < bytes.count else { throw unfinished(number) }
    switch bytes[position] {
    case .comma, .lineFeed:
      return
    case .carriageReturn:
      guard position + 1 < bytes.count else { throw unfinished(number) }
      guard bytes[position + 1] == .lineFeed else {
        throw TableError(line: line, column: number, "a carriage return that ends no line")
      }
    default:
      throw TableError(line: line, column: number, "text behind the closing quotation mark")
    }
  }

  /// The table ends within the row. If whole lines would go with it, a quotation mark was never
  /// closed, and cutting the tail off would lose what is on them.
  private func unfinished(_ column: Int) -> TableError {
    guard !bytes[offset...].contains(.lineFeed) else {
      return TableError(line: line, column: column, "a quotation mark that is never closed")
    }
    return TableError(line: line, .truncatedTail(wholeBytes: offset))
  }
}

extension UInt8 {
  fileprivate static let comma = UInt8(ascii: ",")
  fileprivate static let quote = UInt8(ascii: "\"")
  fileprivate static let lineFeed = UInt8(ascii: "\n")
  fileprivate static let carriageReturn = UInt8(ascii: "\r")

  fileprivate var endsField: Bool {
    self == .comma || self == .lineFeed || self == .carriageReturn
  }
}

extension CSVReader {
  /// A text as a field: in quotation marks where RFC 4180 asks for them, and where it is empty.
  package static func field(_ text: String) -> String {
    let special = text.utf8.contains { $0.endsField || $0 == .quote }
    guard special || text.isEmpty else { return text }
    return
      "\"\(text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\""))\""
  }
}
