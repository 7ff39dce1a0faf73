import Foundation

/// The lines `key: value` that ethtool prints.
package enum ToolText {
  /// What stands behind `key:` on the first line that begins with it.
  package static func value(_ text: String, _ key: String) -> String? { values(text, key).first }

  /// The numbers behind `key:`, of every line that begins with it; `n/a` is passed over.
  package static func numbers(_ text: String, _ key: String) -> [Int] {
    values(text, key).compactMap { Int($0) }
  }

  private static func values(_ text: String, _ key: String) -> [String] {
    text.split(separator: "\n").compactMap { line in
      let line = line.trimmingCharacters(in: .whitespaces)
      guard line.hasPrefix("\(key):") else { return nil }
      return line.dropFirst(key.count + 1).trimmingCharacters(in: .whitespaces)
    }
  }
}
