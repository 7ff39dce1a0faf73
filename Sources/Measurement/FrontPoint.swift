/// A configuration among those that a sweep of several metrics leaves to choose from, by fresh
/// samples.
package struct FrontPoint: Codable, Hashable, Sendable {
  /// Empty for the default.
  package let configuration: Configuration
  /// Its validation; nil for the default.
  package let trial: Int?
  /// By metric; empty for the default, which all others are held against.
  package let effects: [String: Effect]
  /// Of no other point being as good in every metric and better in one.
  package let probability: Double
  package let isOnFront: Bool
  /// Whether it is where the front bends most: the best bargain.
  package let isKnee: Bool
  /// The metrics in which no other point of the front is better; empty if it is not on it.
  package let bestFor: [String]

  package init(
    configuration: Configuration, trial: Int?, effects: [String: Effect], probability: Double,
    isOnFront: Bool, isKnee: Bool, bestFor: [String]
  ) {
    self.configuration = configuration
    self.trial = trial
    self.effects = effects
    self.probability = probability
    self.isOnFront = isOnFront
    self.isKnee = isKnee
    self.bestFor = bestFor
  }
}
