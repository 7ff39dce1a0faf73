/// The name that was most likely meant by a wrong one.
///
/// - Parameters:
///   - name: what was written.
///   - names: what could have been; the first of equally near ones wins.
/// - Returns: nil if none is near: more than a third of the letters would have to change.
package func nearest(to name: String, among names: some Sequence<String>) -> String? {
  let written = Array(name.lowercased().unicodeScalars.prefix(100))
  var best: (name: String, distance: Int)?
  for candidate in names {
    let letters = Array(candidate.lowercased().unicodeScalars)
    let distance = editDistance(written, letters)
    guard distance * 3 <= max(letters.count, written.count) else { continue }
    if best.map({ distance < $0.distance }) ?? true { best = (candidate, distance) }
  }
  return best?.name
}

/// How many letters must be put in, left out, changed, or swapped with their neighbour (optimal
/// string alignment: Levenshtein, and the typo that fingers make most).
private func editDistance(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
  var (beforeLast, last) = ([Int](), Array(0...right.count))
  for i in left.indices {
    var row = [i + 1]
    for j in right.indices {
      let change = last[j] + (left[i] == right[j] ? 0 : 1)
      var distance = min(change, last[j + 1] + 1, row[j] + 1)
      if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
        distance = min(distance, beforeLast[j - 1] + 1)
      }
      row.append(distance)
    }
    (beforeLast, last) = (last, row)
  }
  return last[right.count]
}
