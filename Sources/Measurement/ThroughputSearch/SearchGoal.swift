/// What one search looks for: the largest load that keeps a loss ratio, and how sure to be of it.
///
/// The names are those of RFC 9971. Trials are the RFC's: one window of traffic at one
/// load. The default is the no-drop rate.
package struct SearchGoal: Hashable, Sendable {
  /// A trial that loses more than this part of its frames is a *high-loss trial*; 0 up to but
  /// without 1.
  package var lossRatio = 0.0

  /// The part of the measured time that high-loss trials may have at a load that still counts as
  /// passed; 0 up to but without 1. With 0.5 the median trial decides; with 0 a single one does.
  package var exceedRatio = 0.5

  /// How far the bounds may be apart in the end, as part of the upper one; from 0.000001 up to but
  /// without 1.
  package var relativeWidth = 0.005

  /// Of the first, coarse trials, s; from 0.001.
  package var initialTrialDuration = 1.0

  /// Of the trials that decide, s; at least ``initialTrialDuration``.
  package var finalTrialDuration = 1.0

  /// For how long a load is measured until it is decided, s, over all its trials of
  /// ``finalTrialDuration``; at least that. Less is enough where the rest could not change it.
  package var durationSum = 21.0

  /// How many coarser targets, each of twice the width and less time, come before the goal; 0…10.
  /// 0 only where ``initialTrialDuration`` is the ``durationSum``.
  package var precedingTargets = 2

  /// By how much, in steps of the logarithm, the search strides farther each time it looks in vain
  /// for a bound; 2…16.
  package var expansionCoefficient = 2

  package init() {}

  package init(lossRatio: Double, quick: Bool = false) {
    self.lossRatio = lossRatio
    guard quick else { return }
    relativeWidth = 0.02
    initialTrialDuration = 0.2
    finalTrialDuration = 0.5
    durationSum = 2.5
  }

  /// The no-drop rate (NDR): no frame lost in at least half of the measured time.
  package static let noDropRate = SearchGoal(lossRatio: 0)

  /// The partial-drop rate (PDR): at most 0.5 % lost in at least half of the measured time.
  package static let partialDropRate = SearchGoal(lossRatio: 0.005)

  /// NDR and PDR, as FD.io CSIT reports them.
  package static let standard = [noDropRate, partialDropRate]

  /// NDR and PDR to 2 %, with a tenth of the time: for tuning, not for reports.
  package static let quick = [
    SearchGoal(lossRatio: 0, quick: true), SearchGoal(lossRatio: 0.005, quick: true),
  ]

  /// Throughput as in RFC 2544: a single trial of 60 s without any loss (RFC 9971, "MLRsearch
  /// Compliant with RFC 2544").
  package static let rfc2544 = {
    var goal = SearchGoal()
    goal.exceedRatio = 0
    goal.finalTrialDuration = 60
    goal.durationSum = 60
    return goal
  }()

  /// A day, s.
  static let longestTrial = 86_400.0

  /// - Throws: with the first value that is out of its range.
  package func validate() throws(SearchError) {
    func demand(_ holds: Bool, _ text: String) throws(SearchError) {
      if !holds { throw SearchError(text) }
    }
    try demand(lossRatio >= 0 && lossRatio < 1, "a loss ratio is at least 0 and below 1")
    try demand(exceedRatio >= 0 && exceedRatio < 1, "an exceed ratio is at least 0 and below 1")
    try demand(
      relativeWidth >= 1e-6 && relativeWidth < 1, "a relative width is at least 0.000001, below 1")
    try demand(
      initialTrialDuration >= 0.001, "an initial trial duration is at least 1 ms")
    try demand(
      finalTrialDuration >= initialTrialDuration && finalTrialDuration <= Self.longestTrial,
      "a final trial duration is at least the initial one, and at most a day")
    try demand(
      durationSum >= finalTrialDuration && durationSum.isFinite,
      "a duration sum is at least the final trial duration")
    try demand((0...10).contains(precedingTargets), "there are 0 to 10 preceding targets")
    try demand(
      precedingTargets > 0 || initialTrialDuration == durationSum,
      "without a preceding target the initial trial duration is the duration sum")
    try demand((2...16).contains(expansionCoefficient), "an expansion coefficient is 2 to 16")
  }
}

/// What a search cannot be asked for.
package struct SearchError: Error, Hashable, Sendable, CustomStringConvertible {
  package let description: String
  package init(_ description: String) { self.description = description }
}
