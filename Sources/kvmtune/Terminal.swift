import Foundation
import Kernel

/// Results go to standard output; progress and warnings to standard error.
enum Terminal {
  /// Whether somebody watches standard error.
  static let isInteractive = isatty(FileHandle.standardError.fileDescriptor) == 1

  /// A result. Names and values may come from a table that somebody else wrote: what would paint
  /// on the terminal is made visible.
  static func write(_ text: String) { write(plain(text), to: .standardOutput) }

  /// A table for scripts, as it is: its lines end in CR LF.
  static func write(table: [UInt8]) { write(Data(table), to: .standardOutput) }

  /// A result of one or more lines.
  static func print(_ text: String) { write(text + "\n") }

  static func warn(_ text: String) {
    clearProgress()
    write(plain(text) + "\n", to: .standardError)
  }

  /// The text without control characters, but with its lines.
  private static func plain(_ text: String) -> String {
    String(
      String.UnicodeScalarView(
        text.unicodeScalars.map {
          $0 != "\n" && $0.properties.generalCategory == .control ? "\u{fffd}" : $0
        }))
  }

  /// Shows one line of progress: over the last one on a terminal, below it elsewhere.
  static func progress(_ text: String) {
    if isInteractive {
      write(
        "\r\u{1b}[2K" + String(text.prefix((TerminalSize.errorColumns ?? 80) - 1)),
        to: .standardError)
    } else {
      write(text + "\n", to: .standardError)
    }
  }

  static func clearProgress() {
    if isInteractive { write("\r\u{1b}[2K", to: .standardError) }
  }

  /// Columns of the terminal; nil where output goes to a file.
  static let width = TerminalSize.columns

  private static func write(_ text: String, to handle: FileHandle) {
    write(Data(text.utf8), to: handle)
  }

  /// A reader that went away is no error of ours.
  private static func write(_ data: Data, to handle: FileHandle) {
    try? handle.write(contentsOf: data)
  }
}

/// What `--format` may say.
enum OutputFormat: String, CaseIterable { case text, json }

/// A value as JSON with sorted keys, for scripts.
func json(_ value: some Encodable) throws -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
  return String(decoding: try encoder.encode(value), as: UTF8.self)
}
