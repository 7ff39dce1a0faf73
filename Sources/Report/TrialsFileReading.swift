import Foundation
package import Measurement

extension TrialsFile {
  /// Reads a table that nobody writes to. Throws ``TrialsFileError``; for a truncated table too.
  package static func read(_ path: String) throws -> TrialTable {
    let bytes = try contents(of: path)
    do {
      return try TrialTable(decoding: bytes)
    } catch {
      let hint: String =
        if case .truncatedTail = error.reason { "; sweep --resume cuts it off and goes on" } else {
          ""
        }
      throw TrialsFileError(path: path, .contents(error.description + hint))
    }
  }

  /// Opens the table of a run that was stopped, to go on with it.
  ///
  /// Cuts off what the end of the run left half written: a line without its end, and a block
  /// without all its partners. Everything else stays as it is.
  ///
  /// - Parameter schema: the columns that this run would write.
  /// - Returns: the file, and the rows that are in it.
  /// - Throws: ``TrialsFileError`` if the file can not be read or written, holds other columns, or
  ///   is broken elsewhere than at its end.
  package static func resume(
    at path: String, schema: TableSchema
  ) throws -> (file: TrialsFile, records: [TrialRecord]) {
    let bytes = try contents(of: path)
    let kept: WholePart
    do {
      kept = try WholePart(bytes)
    } catch {
      throw TrialsFileError(path: path, .contents(error.description))
    }
    let records = kept.table?.records ?? []
    if let found = kept.table?.schema, let difference = difference(found, schema) {
      throw TrialsFileError(path: path, .otherColumns(difference), savedRows: records.count)
    }
    let handle = try open(path)
    if kept.bytes < bytes.count {
      do {
        try handle.truncate(atOffset: UInt64(kept.bytes))
        try handle.synchronize()
      } catch {
        throw TrialsFileError(
          path: path, .inputOutput(TrialsFileError.sentence(error)), savedRows: records.count)
      }
    }
    let file = TrialsFile(
      handle, path: path, schema: schema, rows: records.count, length: kept.bytes)
    if kept.table == nil { try file.writeHeader() }
    return (file, records)
  }

  private static func contents(of path: String) throws -> [UInt8] {
    do {
      let file = try FileHandle(forReadingFrom: URL(filePath: path))
      let data = try file.read(upToCount: limit + 1) ?? Data()
      try file.close()
      guard data.count <= limit else {
        throw TrialsFileError(path: path, .contents("larger than \(limit) bytes"))
      }
      return Array(data)
    } catch let error as TrialsFileError {
      throw error
    } catch {
      throw TrialsFileError(path: path, .inputOutput(TrialsFileError.sentence(error)))
    }
  }

  private static func difference(_ found: TableSchema, _ expected: TableSchema) -> String? {
    let (found, expected) = (found.columns, expected.columns)
    if let missing = expected.first(where: { !found.contains($0) }) {
      return "it has no column \(missing)"
    }
    if let extra = found.first(where: { !expected.contains($0) }) {
      return "it has a column \(extra), which this run has not"
    }
    return nil
  }
}

/// The part of a table that was written to its end: whole lines, and whole blocks.
private struct WholePart {
  let bytes: Int
  /// Nil if not even the header is whole.
  let table: TrialTable?

  init(_ bytes: [UInt8]) throws(TableError) {
    // Where each row begins, and last where the whole lines end.
    var offsets = [0]
    var reader = CSVReader(bytes)
    do {
      while try reader.next() != nil { offsets.append(reader.offset) }
    } catch {
      guard case .truncatedTail = error.reason else { throw error }
    }
    guard offsets.count > 1 else {
      self.bytes = 0
      table = nil
      return
    }
    let whole = try TrialTable(decoding: Array(bytes[..<reader.offset]))
    let records = whole.records.dropLast(Self.unpaired(whole.records))
    // Behind the header and every row that stays.
    self.bytes = offsets[records.count + 1]
    table = TrialTable(schema: whole.schema, records: Array(records))
  }

  /// How many rows the last block has, if some are without their partners; else 0.
  private static func unpaired(_ records: [TrialRecord]) -> Int {
    guard let last = records.last.map(BlockPlace.init) else { return 0 }
    let tail = records.reversed().prefix { BlockPlace($0) == last }
    let references = Set(tail.filter { $0.role == .baseline }.map(\.sample))
    let candidates = Set(tail.filter { $0.role != .baseline }.map(\.sample))
    return references == candidates ? 0 : tail.count
  }
}
