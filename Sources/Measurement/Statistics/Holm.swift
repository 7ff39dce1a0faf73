/// Holm's correction for asking many questions at once.
package enum Holm {
  /// Each p as it counts within its family: below α, the chance of a single false finding in the
  /// whole family is below α, however the tests depend on each other (Holm, 1979).
  package static func adjusted(_ probabilities: [Double]) -> [Double] {
    let order = probabilities.indices.sorted { probabilities[$0] < probabilities[$1] }
    var adjusted = probabilities
    var largest = 0.0
    for (rank, index) in order.enumerated() {
      largest = max(largest, min(1, probabilities[index] * Double(order.count - rank)))
      adjusted[index] = largest
    }
    return adjusted
  }
}
