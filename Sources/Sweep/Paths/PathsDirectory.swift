import Foundation
import Report

/// The folder that `kvmtune paths` leaves behind: `paths.csv` every window, `paths.json` and
/// `summary.md` what follows from it.
package struct PathsDirectory: Sendable, Hashable {
  package let path: String

  package var table: String { path + "/paths.csv" }
  package var comparison: String { path + "/paths.json" }
  package var summary: String { path + "/summary.md" }
  /// What guests printed that failed.
  package var consoles: String { path + "/consoles" }

  /// - Parameter path: nil for a new one below `Reports`.
  package init(_ path: String?) {
    let stamp = Date.now.formatted(
      Date.ISO8601FormatStyle(dateSeparator: .omitted, timeSeparator: .omitted)
        .year().month().day().time(includingFractionalSeconds: false))
    self.path = path ?? "Reports/paths-\(stamp.replacing("T", with: "-").replacing("Z", with: ""))"
  }

  /// Makes the folder. Throws `RunDirectoryError` if there is a table in it already.
  package func create() throws {
    guard !FileManager.default.fileExists(atPath: table) else {
      throw RunDirectoryError("\(path) holds a run already; choose another folder with --output")
    }
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw RunDirectoryError(
        "cannot make \(path): \(TrialsFileError.sentence(error)); choose another with --output",
        code: .inputOutput)
    }
  }

  /// What follows from the table, and nothing but the table.
  package func derive() throws -> PathComparison {
    PathComparison(try TrialsFile.read(table).records)
  }

  /// Writes what people and programs read, and takes an empty folder of consoles away.
  package func write(_ comparison: PathComparison) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try encoder.encode(comparison).write(to: URL(filePath: self.comparison), options: .atomic)
    try Data(comparison.markdown().utf8).write(to: URL(filePath: summary), options: .atomic)
    if (try? FileManager.default.contentsOfDirectory(atPath: consoles).isEmpty) ?? false {
      try? FileManager.default.removeItem(atPath: consoles)
    }
  }
}
