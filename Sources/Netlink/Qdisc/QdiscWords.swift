/// A text that does not name a qdisc as kvmtune can set it.
package struct QdiscSyntaxError: Error, Hashable, CustomStringConvertible {
  /// The text as it was given.
  package let text: String
  /// What is wrong with it and what is allowed.
  package let reason: String

  package var description: String { "qdisc \"\(text)\": \(reason)" }
}

/// The words behind the kind of a qdisc: keys of tc(8), each with the values that follow it.
struct QdiscWords {
  let text: String
  private let values: [String: [String]]

  /// Sorts `words` under the keys they follow.
  ///
  /// - Throws: ``QdiscSyntaxError`` for a word that is no key where one has to stand, or a key
  ///   that stands twice.
  init(_ words: some Sequence<String>, of kind: String, in text: String, keys: [String])
    throws(QdiscSyntaxError)
  {
    var found: [String: [String]] = [:]
    var key: String?
    for word in words {
      if keys.contains(word) {
        if found[word] != nil {
          throw QdiscSyntaxError(text: text, reason: "\"\(word)\" stands twice")
        }
        found[word] = []
        key = word
      } else if let key {
        found[key, default: []].append(word)
      } else {
        let allowed =
          keys.isEmpty ? "\(kind) has no options" : "\(kind) takes \(keys.joined(separator: ", "))"
        throw QdiscSyntaxError(text: text, reason: "unknown word \"\(word)\"; \(allowed)")
      }
    }
    self.text = text
    values = found
  }

  /// The value of a key; nil if the key is not there.
  func value(_ key: String, _ quantity: TrafficQuantity, in range: ClosedRange<UInt64>)
    throws(QdiscSyntaxError) -> UInt64?
  {
    guard let words = values[key] else { return nil }
    guard words.count <= 1 else {
      throw QdiscSyntaxError(text: text, reason: "unknown word \"\(words[1])\" after \(key)")
    }
    return try read(words.first, of: key, quantity, range)
  }

  /// The value of a key and a second one of the same sort that may follow it.
  func pair(_ key: String, _ quantity: TrafficQuantity, in range: ClosedRange<UInt64>)
    throws(QdiscSyntaxError) -> (UInt64, UInt64?)?
  {
    guard let words = values[key] else { return nil }
    guard words.count <= 2 else {
      throw QdiscSyntaxError(text: text, reason: "unknown word \"\(words[2])\" after \(key)")
    }
    let first = try read(words.first, of: key, quantity, range)
    return (first, words.count == 2 ? try read(words[1], of: key, quantity, range) : nil)
  }

  /// The value of a key that has to be there.
  func required(_ key: String, _ quantity: TrafficQuantity, in range: ClosedRange<UInt64>)
    throws(QdiscSyntaxError) -> UInt64
  {
    guard let value = try value(key, quantity, in: range) else {
      throw QdiscSyntaxError(text: text, reason: "\(key) is missing: \(quantity.expectation)")
    }
    return value
  }

  private func read(
    _ word: String?, of key: String, _ quantity: TrafficQuantity, _ range: ClosedRange<UInt64>
  ) throws(QdiscSyntaxError) -> UInt64 {
    guard let word else {
      throw QdiscSyntaxError(text: text, reason: "\(key) needs \(quantity.expectation)")
    }
    guard let value = quantity.parse(word) else {
      throw QdiscSyntaxError(
        text: text, reason: "\(key) needs \(quantity.expectation), not \"\(word)\"")
    }
    guard range.contains(value) else {
      let ends = [range.lowerBound, range.upperBound].map(quantity.describe)
      throw QdiscSyntaxError(
        text: text, reason: "\(key) \(word) is outside \(ends[0]) to \(ends[1])")
    }
    return value
  }
}
