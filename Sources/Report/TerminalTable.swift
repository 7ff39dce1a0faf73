/// A table of plain text: columns aligned, two spaces between them, no colours.
package struct TerminalTable: Hashable, Sendable {
  package enum Alignment: Sendable, Hashable { case left, right }

  package struct Column: Hashable, Sendable {
    package let title: String
    package let alignment: Alignment

    package init(_ title: String, _ alignment: Alignment = .left) {
      self.title = title
      self.alignment = alignment
    }
  }

  /// No column is made narrower than this for want of room.
  static let leastWidth = 8

  package let columns: [Column]
  package private(set) var rows: [[String]] = []

  package init(_ columns: [Column], rows: [[String]] = []) {
    self.columns = columns
    for row in rows { append(row) }
  }

  /// Adds a row; cells that are missing are empty, and line breaks in a cell become spaces.
  package mutating func append(_ row: [String]) {
    precondition(row.count <= columns.count, "a row has no more cells than the table has columns")
    let cells = row.map { String($0.map { $0.isNewline || $0 == "\t" ? " " : $0 }) }
    rows.append(cells + Array(repeating: "", count: columns.count - row.count))
  }

  /// The table as lines, each ended by a line feed.
  ///
  /// - Parameter width: of the terminal, in characters. The widest columns give way, their cells
  ///   cut with `…`; a table of very many columns is still wider. Nil for as wide as it needs.
  package func text(width: Int? = nil) -> String {
    let widths = widths(within: width)
    let titles = line(columns.map(\.title), widths)
    let rule = widths.map { String(repeating: "─", count: $0) }.joined(separator: "  ")
    return ([titles, rule] + rows.map { line($0, widths) }).map { $0 + "\n" }.joined()
  }

  private func widths(within width: Int?) -> [Int] {
    var widths = columns.indices.map { index in
      rows.reduce(columns[index].title.count) { max($0, $1[index].count) }
    }
    guard let width else { return widths }
    var excess = widths.reduce(0, +) + 2 * (widths.count - 1) - width
    while excess > 0, let widest = widths.indices.max(by: { widths[$0] < widths[$1] }),
      widths[widest] > Self.leastWidth
    {
      widths[widest] -= 1
      excess -= 1
    }
    return widths
  }

  private func line(_ cells: [String], _ widths: [Int]) -> String {
    let padded = zip(zip(cells, columns), widths).map { cell, width in
      let (text, column) = cell
      let shown = text.count > width ? "\(text.prefix(width - 1))…" : text
      let space = String(repeating: " ", count: width - shown.count)
      return column.alignment == .left ? shown + space : space + shown
    }
    let line = padded.joined(separator: "  ")
    return String(line.reversed().drop { $0 == " " }.reversed())
  }
}
