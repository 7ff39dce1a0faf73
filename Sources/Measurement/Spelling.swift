/// Finds what somebody meant to write.
package enum Spelling {
  /// The known word with the fewest edits to `word`; nil if even that one is far off.
  package static func nearest(to word: String, among known: some Sequence<String>) -> String? {
    let ranked = known.map { (word: $0, distance: distance(word, $0)) }
    guard let best = ranked.min(by: { ($0.distance, $0.word) < ($1.distance, $1.word) }) else {
      return nil
    }
    return best.distance <= max(2, word.count / 3) ? best.word : nil
  }

  /// Insertions, deletions and substitutions of letters between two words (Levenshtein 1966).
  package static func distance(_ left: String, _ right: String) -> Int {
    let right = Array(right)
    var row = Array(0...right.count)
    for (i, letter) in left.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, other) in right.enumerated() {
        let substituted = diagonal + (letter == other ? 0 : 1)
        diagonal = row[j + 1]
        row[j + 1] = min(substituted, row[j] + 1, row[j + 1] + 1)
      }
    }
    return row[right.count]
  }
}
