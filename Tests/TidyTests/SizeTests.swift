import Testing

/// Small files and short functions, so that each can be read at one go.
@Suite struct SizeTests {
  static let fileLimit = 420
  static let functionLimit = 75

  @Test func filesAreShort() throws {
    for folder in ["Sources", "Tests"] {
      for file in try SourceTree.swiftFiles(below: folder) {
        #expect(file.lines.count <= Self.fileLimit, "\(file) has \(file.lines.count) lines")
      }
    }
  }

  @Test func functionsAreShort() throws {
    for file in try SourceTree.swiftFiles(below: "Sources") {
      for (name, length) in Self.functions(of: file.lines) {
        #expect(length <= Self.functionLimit, "\(file): \(name) has \(length) lines")
      }
    }
  }

  @Test func findsAFunctionAndItsLength() {
    let lines = ["struct A {", "  func b() {", "    c()", "  }", "}"]
    let found = Self.functions(of: lines)
    #expect(found.count == 1)
    #expect(found.first?.name == "func b() {")
    #expect(found.first?.length == 3)
  }

  /// Functions and initialisers by the formatter's indentation: the body ends at the first
  /// closing brace as far to the left as its beginning.
  static func functions(of lines: [String]) -> [(name: String, length: Int)] {
    lines.indices.compactMap { start in
      let line = lines[start]
      let indent = line.prefix { $0 == " " }
      let words = line.split { $0 == " " || $0 == "(" || $0 == "<" }
      guard !line.contains("//"), words.prefix(4).contains(where: { $0 == "func" || $0 == "init" })
      else { return nil }
      let end = lines[start...].firstIndex { $0 == indent + "}" }
      let next = lines[(start + 1)...].firstIndex { $0.hasPrefix(indent + "}") }
      guard let end, next == end else { return nil }
      return (line.trimmingPrefix { $0 == " " }.description, end - start + 1)
    }
  }
}
