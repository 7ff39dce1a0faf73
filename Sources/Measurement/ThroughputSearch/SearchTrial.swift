/// One window of traffic that a search asks for.
package struct SearchTrial: Hashable, Sendable {
  package enum Purpose: Hashable, Sendable {
    /// Its result counts for nothing.
    case warmUp
    /// One of up to three that find out roughly where to look.
    case initial
    /// For the goal at this place of the list; every other goal learns from it as well.
    case goal(Int)
  }

  /// Frames per second to send.
  package let load: Double
  /// For how long, s.
  package let duration: Double
  package let purpose: Purpose

  /// How many whole frames that is, rounded down: a schedule that begins with a frame has no fewer,
  /// and one more is no loss.
  package var intended: UInt64 { UInt64(load * duration) }
}

/// What came of a ``SearchTrial``.
package struct SearchMeasurement: Hashable, Sendable {
  /// Frames that should have been sent.
  package let intended: UInt64
  /// Frames that the sending kernel accepted.
  package let offered: UInt64
  /// Frames that arrived, each counted once.
  package let delivered: UInt64
  /// The time that the trial took with all its overheads, s: it counts for the duration sums and
  /// for the limit of the search. Less than what was asked for counts as that.
  package let seconds: Double

  package init(intended: UInt64, offered: UInt64, delivered: UInt64, seconds: Double) {
    self.intended = intended
    self.offered = offered
    self.delivered = delivered
    self.seconds = seconds
  }

  /// 0…1: frames that did not arrive *or were not sent* ÷ frames intended. So a load that the
  /// generator cannot make is no load that passed. More frames offered than intended are held
  /// against what was offered; more delivered than offered make no sense, and count as lost.
  /// Without any frame it is 0, or a search with too low a load would not get away from it.
  package var lossRatio: Double {
    let all = max(intended, offered)
    guard all > 0 else { return 0 }
    let unsent = Double(intended > offered ? intended - offered : 0)
    let lost = Double(offered > delivered ? offered - delivered : delivered - offered)
    return min(1, (lost + unsent) / Double(all))
  }
}

/// A trial of a search that was done.
package struct MeasuredTrial: Hashable, Sendable {
  package let trial: SearchTrial
  package let measurement: SearchMeasurement

  /// What counts as its duration, s.
  package var seconds: Double {
    let seconds = measurement.seconds
    return seconds.isFinite ? max(seconds, trial.duration) : trial.duration
  }
}
