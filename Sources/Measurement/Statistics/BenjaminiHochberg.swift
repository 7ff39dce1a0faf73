/// Benjamini and Hochberg's correction for screening many questions at once.
package enum BenjaminiHochberg {
  /// Each p as it counts within its family: of those below α, a share of α at most is expected to
  /// be false, if the tests are independent or rise together (Benjamini and Hochberg, 1995).
  ///
  /// Milder than ``Holm``: for lists of what deserves another look, not for what changes a host.
  package static func adjusted(_ probabilities: [Double]) -> [Double] {
    let order = probabilities.indices.sorted { probabilities[$0] < probabilities[$1] }
    var adjusted = probabilities
    var smallest = 1.0
    for (rank, index) in order.enumerated().reversed() {
      let scaled = probabilities[index] * Double(order.count) / Double(rank + 1)
      smallest = min(smallest, scaled)
      adjusted[index] = smallest
    }
    return adjusted
  }
}
