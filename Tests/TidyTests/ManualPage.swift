import Foundation

/// A page of the manual, or another text of the repository for people.
struct ManualPage: Sendable, CustomStringConvertible {
  /// The path below the package.
  let path: String
  let text: String

  var description: String { path }

  static let folder = "Sources/kvmtune/Documentation.docc"

  init(_ path: String) throws {
    self.path = path
    text = try String(contentsOf: SourceTree.root.appending(path: path), encoding: .utf8)
  }

  /// A page of the manual by its name.
  init(named name: String) throws { try self.init("\(Self.folder)/\(name).md") }

  /// Every page of the manual.
  static func manual() throws -> [ManualPage] {
    try paths(in: folder, suffix: ".md").map { try ManualPage($0) }
  }

  /// The manual, and what a stranger reads before it.
  static func all() throws -> [ManualPage] {
    let outside = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "Reports/README.md"]
    return try outside.map { try ManualPage($0) } + manual()
  }

  static func paths(in folder: String, suffix: String) throws -> [String] {
    let base = SourceTree.root.appending(path: folder).path
    let names = FileManager.default.enumerator(atPath: base)?.compactMap { $0 as? String } ?? []
    return names.filter { $0.hasSuffix(suffix) }.sorted().map { "\(folder)/\($0)" }
  }

  /// What stands between backticks in running text and tables.
  var words: Set<String> {
    Set(
      text.split(separator: "\n").flatMap { line in
        line.split(separator: "`", omittingEmptySubsequences: false).enumerated()
          .filter { !$0.offset.isMultiple(of: 2) }.map { String($0.element) }
      })
  }

  /// A piece of code and where it begins.
  struct CodeBlock: Sendable {
    let language: String
    let lines: [String]
    /// Of its first line, from 1.
    let line: Int
  }

  /// Code in fences, and code that is set off by four spaces.
  var codeBlocks: [CodeBlock] {
    var blocks: [CodeBlock] = []
    var language: String?
    var collected: [String] = []
    for (number, line) in text.components(separatedBy: "\n").enumerated() {
      if line.hasPrefix("```") {
        if let open = language {
          let start = number - collected.count + 1
          blocks.append(CodeBlock(language: open, lines: collected, line: start))
        }
        language = language == nil ? String(line.dropFirst(3)) : nil
        collected = []
      } else if language != nil {
        collected.append(line)
      } else if line.hasPrefix("    ") {
        blocks.append(CodeBlock(language: "", lines: [String(line.dropFirst(4))], line: number + 1))
      }
    }
    return blocks
  }

  /// The rows of its tables, as cells without their backticks.
  var tableRows: [[String]] {
    text.split(separator: "\n").filter { $0.hasPrefix("| ") }.map { row in
      row.split(separator: "|").map {
        $0.replacing("`", with: "").trimmingCharacters(in: .whitespaces)
      }
    }
  }

  /// The pages that it links to.
  var links: [String] {
    text.matches(of: /<doc:(\w+)>/).map { String($0.output.1) }
  }
}
