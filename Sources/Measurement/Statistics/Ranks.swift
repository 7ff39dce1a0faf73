/// The ranks of values, those of a tie being the mean of the ranks it takes.
enum Ranks {
  /// Twice the rank of each value, the smallest first, so that the mean rank of a tie is whole too.
  static func doubled(_ values: [Double]) -> [Int] {
    var ranks = [Int](repeating: 0, count: values.count)
    for tie in ties(values) {
      for index in tie.indices { ranks[index] = tie.first + tie.first + tie.indices.count + 1 }
    }
    return ranks
  }

  /// Places of equal values, in the order of the values.
  struct Tie {
    /// How many values are smaller.
    let first: Int
    /// Where the equal values stand.
    let indices: ArraySlice<Int>
  }

  /// Every value belongs to one tie, if only its own.
  static func ties(_ values: [Double]) -> [Tie] {
    let order = values.indices.sorted { values[$0] < values[$1] }
    var ties: [Tie] = []
    var first = 0
    while first < order.count {
      var end = first + 1
      while end < order.count, values[order[end]] == values[order[first]] { end += 1 }
      ties.append(Tie(first: first, indices: order[first..<end]))
      first = end
    }
    return ties
  }
}
