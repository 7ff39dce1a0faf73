import Measurement
import Testing

@testable import Sweep

/// Files that were made to do harm, or by a cat on the keyboard.
@Suite struct HostileProfileTests {
  @Test func laughsAreFew() {
    // Each line ten times the one before: a thousand million million words, if taken seriously.
    var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for level in 1...15 {
      let names = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
      text += "a\(level): &a\(level) [\(names)]\n"
    }
    text += "? *a15\n: key\n"
    #expect(
      ProfileText.complaint(about: text)
        == "p.yaml:1: anchors (&name) are not read; write the value out")
  }

  @Test(arguments: ["[", "{a: ", "- ", "? ", "!x ["]) func depthHasAnEnd(opening: String) {
    let text = "name:\n " + String(repeating: opening, count: 200_000 / opening.utf8.count)
    #expect(
      ProfileText.complaint(about: text) == "p.yaml:2: is not YAML: it is nested too deeply")
  }

  @Test func aDeepDocumentThatIsWholeIsRefusedByWhatItMeans() {
    let deep = String(repeating: "[", count: 900) + String(repeating: "]", count: 900)
    #expect(
      ProfileText(name: "name: \(deep)").complaint() == "p.yaml:1: name must be a single value")
  }

  @Test func sizeHasAnEnd() throws {
    let profile = ProfileText().text
    let room = YAMLReader.limit - profile.utf8.count
    let full = profile + "#" + String(repeating: "x", count: room - 2) + "\n"
    #expect(try Profile(parsing: full, file: "p.yaml").name == "small")
    #expect(ProfileText.complaint(about: full + "\n") == "p.yaml: is over 256 KiB")
  }

  @Test func manyKeysAreRefusedAtOnce() {
    let text = (0..<20_000).map { "key\($0): 1\n" }.joined()
    #expect(ProfileText.complaint(about: text).hasPrefix("p.yaml:1: a profile has no key 'key0'"))
  }

  @Test func aLongWordIsNotRepeated() {
    let word = String(repeating: "x", count: 100_000)
    #expect(
      ProfileText(knobs: "knobs: {\(word): [1]}").complaint()
        .hasPrefix("p.yaml:4: "))
    #expect(
      ProfileText(target: "target: {lab: \(word)}").complaint()
        == "p.yaml:2: lab must be one line of at most 1000 characters")
  }

  /// A byte changed, put in or taken away: never a crash, and the error is one line.
  @Test func noise() throws {
    let rest = "search: {strategy: random, trials: 4, effect: 2%}\nsampling: {slice: 20ms}"
    let bytes = Array(ProfileText(rest: rest).text.utf8)
    let marks = Array("[]{}:,-?!&*#|>'\"%@` \n\t\0\u{7f}".utf8)
    var generator = SeededGenerator(seed: 20_260_101)
    var refused = 0
    for _ in 0..<3000 {
      var text = bytes
      for _ in 0...Int(generator.below(4)) {
        let place = Int(generator.below(UInt64(text.count)))
        let byte =
          generator.below(2) == 0
          ? marks[Int(generator.below(UInt64(marks.count)))] : UInt8(generator.below(256))
        switch generator.below(3) {
        case 0: text[place] = byte
        case 1: text.insert(byte, at: place)
        default: text.remove(at: place)
        }
      }
      // What is no UTF-8 is refused before it comes here.
      let complaint = ProfileText.complaint(about: String(decoding: text, as: UTF8.self))
      if complaint != "none" { refused += 1 }
      #expect(!complaint.contains("\n"), "\(complaint)")
    }
    #expect(refused > 1000)
  }

  @Test func pureNoise() {
    var generator = SeededGenerator(seed: 7)
    for length in 0..<500 {
      let bytes = (0..<length).map { _ in UInt8(generator.below(256)) }
      let complaint = ProfileText.complaint(about: String(decoding: bytes, as: UTF8.self))
      #expect(complaint.hasPrefix("p.yaml"))
    }
  }
}
