/// What a setting that the whole host shares does to the NICs that it is not recommended for.
///
/// Derived from the rows of ``Role/share``: on such a NIC, what is recommended for it with that
/// setting is held against the same without.
package struct HostWideFinding: Codable, Hashable, Sendable {
  package let name: KnobName
  package let value: KnobValue
  /// The NICs that it is recommended for, sorted by name.
  package let recommendedFor: [Wish]
  /// The others that it was tried on, sorted by name.
  package let others: [Other]

  package init(name: KnobName, value: KnobValue, recommendedFor: [Wish], others: [Other]) {
    self.name = name
    self.value = value
    self.recommendedFor = recommendedFor
    self.others = others
  }

  /// A NIC that the setting is recommended for.
  package struct Wish: Codable, Hashable, Sendable {
    package let nic: String
    /// As in its recommendation; nil if not measured by itself.
    package let effect: Effect?
    /// The same by metric, where the objective has several; ``effect`` is then of the first.
    package let effects: [String: Effect]?

    package init(nic: String, effect: Effect?, effects: [String: Effect]? = nil) {
      self.nic = nic
      self.effect = effect
      self.effects = effects
    }
  }

  /// A NIC that it is not recommended for.
  package struct Other: Codable, Hashable, Sendable {
    package let nic: String
    package let outcome: Outcome
    /// What is recommended for this NIC instead; nil if it may stay as it was found.
    package let instead: KnobValue?
    package let finding: TrialFinding

    package init(nic: String, outcome: Outcome, instead: KnobValue?, finding: TrialFinding) {
      self.nic = nic
      self.outcome = outcome
      self.instead = instead
      self.finding = finding
    }
  }

  /// What the setting does to a NIC that it is not recommended for.
  package enum Outcome: String, Codable, Hashable, Sendable {
    /// Surely better than what is recommended there; of several metrics in one, and in the others no
    /// worse.
    case helps
    /// The difference is surely smaller than the effect that matters, in every metric.
    case harmless
    /// Surely worse, be it in one metric or on one workload; or it breaks a bound that is kept
    /// without.
    case hurts
    /// Some metric may be worse, or a bound that is kept without was not shown to be kept with it.
    case inconclusive
    /// No valid swap pair.
    case failed
  }

  /// What is to be done about it.
  package enum Advice: Hashable, Sendable {
    /// It suits every NIC that it was tried on.
    case take
    /// It hurts one of them.
    case choose
    /// Of one of them it is not known.
    case unknown
  }

  package var advice: Advice {
    let outcomes = others.map(\.outcome)
    if outcomes.contains(.hurts) { return .choose }
    return outcomes.allSatisfy { $0 == .helps || $0 == .harmless } ? .take : .unknown
  }
}
