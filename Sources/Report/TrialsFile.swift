import Foundation
package import Measurement

/// The `trials.csv` of a run, growing block by block.
///
/// A block is on disk, written and synchronised, before ``append(_:)`` returns, so that nothing
/// that was measured is lost with the process or the power. Rows that are there are never touched:
/// a write that fails half way is taken back.
package final class TrialsFile {
  package static let fileName = "trials.csv"
  /// The most bytes that a table may have to be read.
  package static let limit = 1 << 30

  package let path: String
  package let schema: TableSchema
  /// Rows that are on disk.
  package private(set) var rows: Int
  /// Bytes of whole blocks on disk.
  private var length: Int
  private let file: FileHandle

  /// For a file that is open for writing and holds `length` bytes of whole blocks.
  init(_ file: FileHandle, path: String, schema: TableSchema, rows: Int, length: Int) {
    self.file = file
    self.path = path
    self.schema = schema
    self.rows = rows
    self.length = length
  }

  deinit { try? file.close() }

  /// Begins a table: writes its header. Throws ``TrialsFileError`` if there is a file already or
  /// it can not be written.
  package static func create(at path: String, schema: TableSchema) throws -> TrialsFile {
    do {
      try Data().write(to: URL(filePath: path), options: .withoutOverwriting)
    } catch CocoaError.fileWriteFileExists {
      throw TrialsFileError(path: path, .exists)
    } catch {
      throw TrialsFileError(path: path, .inputOutput(TrialsFileError.sentence(error)))
    }
    let table = TrialsFile(try open(path), path: path, schema: schema, rows: 0, length: 0)
    try table.writeHeader()
    synchroniseFolder(of: path)
    return table
  }

  /// Writes the rows of a block, or of several, in one go.
  ///
  /// Within a block the reference's rows come first: should the machine die in the middle, rows are
  /// left without their partners, and ``resume(at:schema:)`` knows the block by that.
  ///
  /// Throws ``TrialsFileError``; what was there before is as it was.
  package func append(_ records: [TrialRecord]) throws {
    var places: [BlockPlace] = []
    for record in records where !places.contains(BlockPlace(record)) {
      places.append(BlockPlace(record))
    }
    let blocks = Dictionary(grouping: records, by: BlockPlace.init)
    var bytes: [UInt8] = []
    do {
      for place in places {
        let rows = blocks[place] ?? []
        for row in rows where row.role == .baseline { bytes += try schema.encode(row) }
        for row in rows where row.role != .baseline { bytes += try schema.encode(row) }
      }
    } catch {
      throw TrialsFileError(path: path, .contents(error.description), savedRows: rows)
    }
    try write(bytes, rows: records.count)
  }

  func writeHeader() throws { try write(schema.encodedHeader, rows: 0) }

  private func write(_ bytes: [UInt8], rows count: Int) throws {
    do {
      try file.write(contentsOf: Data(bytes))
      try file.synchronize()
    } catch {
      // A part of the block may be there: without room for the rest it is worth nothing.
      try? file.truncate(atOffset: UInt64(length))
      throw TrialsFileError(
        path: path, .inputOutput(TrialsFileError.sentence(error)), savedRows: rows)
    }
    length += bytes.count
    rows += count
  }

  static func open(_ path: String) throws -> FileHandle {
    do {
      let file = try FileHandle(forUpdating: URL(filePath: path))
      try file.seekToEnd()
      return file
    } catch {
      throw TrialsFileError(path: path, .inputOutput(TrialsFileError.sentence(error)))
    }
  }

  /// Brings the file's name to disk too. Not every file system can, and the rows do not depend on
  /// it but in the first seconds of a run.
  private static func synchroniseFolder(of path: String) {
    let folder = URL(filePath: path).deletingLastPathComponent()
    try? FileHandle(forReadingFrom: folder).synchronize()
  }
}

/// The block that a row belongs to.
struct BlockPlace: Hashable {
  let nic: String
  let trial: Int
  let workload: String
  let block: Int

  init(_ record: TrialRecord) {
    nic = record.nic
    trial = record.trial
    workload = record.workload
    block = record.block
  }
}
