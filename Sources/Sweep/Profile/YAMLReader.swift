import Measurement
import Yams

/// A place in a YAML document: the node, and how to say where it stands.
///
/// Reads strictly: what is asked for must be there with the right type, and what is there must
/// have been asked for. Scalars are taken as the text in the file, so that `on`, `1e3` or `0x10`
/// mean what the knob says and not what YAML guesses.
struct YAMLReader {
  let file: String
  let node: Node

  /// The largest profile that is read, in bytes.
  static let limit = 256 << 10

  /// The most characters of one value.
  static let longestText = 1000

  /// Reads one document from text of at most ``limit`` bytes.
  init(text: String, file: String) throws(ProfileError) {
    guard text.utf8.count <= Self.limit else {
      throw ProfileError(file: file, line: 0, message: "is over \(Self.limit >> 10) KiB")
    }
    self.file = file
    if let line = Self.lineOfAnchor(in: text) {
      throw ProfileError(
        file: file, line: line, message: "anchors (&name) are not read; write the value out")
    }
    let node: Node?
    do {
      node = try Yams.compose(yaml: text, .basic)
    } catch let error as YamlError {
      throw Self.wrap(error, file: file)
    } catch {
      throw ProfileError(file: file, line: 0, message: "is not YAML: \(error)")
    }
    guard let node else {
      throw ProfileError(file: file, line: 0, message: "is empty; 'Profiles/' has examples")
    }
    self.node = node
  }

  private init(file: String, node: Node) {
    self.file = file
    self.node = node
  }

  func error(_ message: String) -> ProfileError {
    ProfileError(file: file, line: node.mark?.line ?? 0, message: message)
  }

  /// The text of a scalar: one line of at most ``longestText`` characters.
  func text(_ what: String) throws(ProfileError) -> String {
    guard case .scalar(let scalar) = node else {
      throw error("\(what) must be a single value")
    }
    let text = scalar.string.unicodeScalars
    guard text.count <= Self.longestText,
      !text.contains(where: { $0.properties.generalCategory == .control })
    else {
      throw error("\(what) must be one line of at most \(Self.longestText) characters")
    }
    return scalar.string
  }

  func integer(_ what: String, in range: ClosedRange<Int>) throws(ProfileError) -> Int {
    let text = try text(what)
    guard let value = Int(text), range.contains(value) else {
      throw error(
        "\(what) must be a whole number from \(range.lowerBound) to \(range.upperBound), not '\(text)'"
      )
    }
    return value
  }

  func flag(_ what: String) throws(ProfileError) -> Bool {
    switch try text(what) {
    case "on", "true", "yes": return true
    case "off", "false", "no": return false
    case let text: throw error("\(what) must be on or off, not '\(text)'")
    }
  }

  /// A number with one of these units behind it, `20ms`; the result in the unit whose factor is 1.
  func quantity(_ what: String, units: [String: Double], example: String) throws(ProfileError)
    -> Double
  {
    let text = try text(what)
    let digits = text.prefix { $0.isNumber || $0 == "." }
    let unit = String(text.dropFirst(digits.count).drop { $0 == " " })
    guard let value = Double(digits), value.isFinite, let factor = units[unit] else {
      let known = units.keys.filter { !$0.isEmpty }.sorted().joined(separator: ", ")
      throw error(
        "\(what) must be a number with a unit (\(known)) such as \(example), not '\(text)'")
    }
    return value * factor
  }

  /// The elements of a list.
  func list(_ what: String) throws(ProfileError) -> [YAMLReader] {
    guard case .sequence(let sequence) = node else {
      throw error("\(what) must be a list, [a, b, …]")
    }
    return sequence.map { YAMLReader(file: file, node: $0) }
  }

  /// The entries of a mapping in the order of the file.
  func entries(_ what: String) throws(ProfileError) -> [(key: YAMLReader, value: YAMLReader)] {
    guard case .mapping(let mapping) = node else {
      throw error("\(what) must be a mapping, key: value")
    }
    var seen: Set<String> = []
    var entries: [(key: YAMLReader, value: YAMLReader)] = []
    for (key, value) in mapping {
      let entry = (
        key: YAMLReader(file: file, node: key), value: YAMLReader(file: file, node: value)
      )
      let name = try entry.key.text("a key of \(what)")
      guard seen.insert(name).inserted else {
        throw entry.key.error("\(what) has the key '\(name)' twice")
      }
      entries.append(entry)
    }
    return entries
  }

  /// The values of a mapping by key; a key that is not in `known` is an error with the nearest.
  func fields(_ what: String, known: [String]) throws(ProfileError) -> [String: YAMLReader] {
    var found: [String: YAMLReader] = [:]
    for (key, value) in try entries(what) {
      let name = try key.text("a key of \(what)")
      guard known.contains(name) else {
        let hint = nearest(to: name, among: known).map { "; did you mean '\($0)'?" }
        throw key.error(
          "\(what) has no key '\(name)'\(hint ?? "; it has \(known.joined(separator: ", "))")")
      }
      found[name] = value
    }
    return found
  }

  var isMapping: Bool { if case .mapping = node { true } else { false } }
  var isList: Bool { if case .sequence = node { true } else { false } }

  /// The line of the first anchor, from 1; nil if there is none.
  ///
  /// A few anchors inside each other stand for a document without end, and a profile needs none.
  /// What may be one is taken for one: `&` and a letter, unless within a word.
  private static func lineOfAnchor(in text: String) -> Int? {
    func isLetter(_ byte: UInt8) -> Bool {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
        true
      default: false
      }
    }
    let blank = UInt8(ascii: " ")
    var line = 1
    var (beforeLast, last) = (blank, blank)
    for byte in text.utf8 {
      if last == UInt8(ascii: "&"), isLetter(byte), !isLetter(beforeLast) { return line }
      if byte == UInt8(ascii: "\n") { line += 1 }
      (beforeLast, last) = (last, byte)
    }
    return nil
  }

  private static func wrap(_ error: YamlError, file: String) -> ProfileError {
    switch error {
    case .reader(let problem, let offset, _, let yaml):
      let line = offset.map { 1 + yaml.prefix($0).count { $0.isNewline } }
      return ProfileError(file: file, line: line ?? 0, message: "is not YAML: \(problem)")
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      // The library's own words for this tell programmers what to call.
      let reason = problem.hasPrefix("Maximum nesting") ? "it is nested too deeply" : problem
      return ProfileError(file: file, line: mark.line, message: "is not YAML: \(reason)")
    case .duplicatedKeysInMapping(let duplicates, let context):
      let names = duplicates.joined(separator: ", ")
      return ProfileError(
        file: file, line: context.mark.line, message: "the same key stands twice: \(names)")
    default:
      return ProfileError(file: file, line: 0, message: "is not YAML: \(error)")
    }
  }
}
