/// What is wrong with a table, and where.
package struct TableError: Error, Hashable, Sendable, CustomStringConvertible {
  package enum Reason: Hashable, Sendable {
    /// The last line was not written to its end, as when the writer was killed. Everything before
    /// is whole: that many bytes.
    case truncatedTail(wholeBytes: Int)
    /// Anything else, told in a sentence.
    case malformed(String)
  }

  /// Counted from 1, as editors do; the line on which the row begins.
  package let line: Int
  /// The column's place, counted from 1, and its name where it is known.
  package let column: Int?
  package let columnName: String?
  package let reason: Reason

  package init(line: Int, column: Int? = nil, columnName: String? = nil, _ reason: Reason) {
    self.line = line
    self.column = column
    self.columnName = columnName
    self.reason = reason
  }

  package init(line: Int, column: Int? = nil, columnName: String? = nil, _ reason: String) {
    self.init(line: line, column: column, columnName: columnName, .malformed(reason))
  }

  package var description: String {
    let name = columnName.map { " (\($0))" } ?? ""
    let place = "line \(line)" + (column.map { ", column \($0)\(name)" } ?? "")
    switch reason {
    case .truncatedTail: return "\(place): the table ends within this line; all before it is whole"
    case .malformed(let text): return "\(place): \(text)"
    }
  }
}

/// A record that does not fit the table's columns, or holds what can not be written.
package struct UnwritableRecord: Error, Hashable, Sendable, CustomStringConvertible {
  package let description: String
  package init(_ description: String) { self.description = description }
}
