import Kernel

/// By how much another machine's `CLOCK_MONOTONIC` is ahead of ours.
///
/// The far time of the quickest of some questions belongs to the middle of its round trip, give
/// or take half of it, however the two ways share it (Cristian, Probabilistic clock
/// synchronization, 1989).
struct ClockOffset: Sendable, Hashable {
  /// Far minus near, modulo 2⁶⁴.
  let nanoseconds: UInt64
  /// The error is not above this many nanoseconds: half of the round trip.
  let bound: UInt64
  let taken: MonotonicTime

  /// One question: when it was asked, what the far clock said, when the answer came.
  struct Ping: Sendable {
    let asked: MonotonicTime
    let far: MonotonicTime
    let answered: MonotonicTime

    var roundTrip: UInt64 { answered - asked }
  }

  /// The offset by the quickest of `pings`, of which there is one at least.
  init(_ pings: [Ping]) {
    guard let best = pings.min(by: { $0.roundTrip < $1.roundTrip }) else {
      preconditionFailure("somebody has to ask")
    }
    let middle = best.asked + best.roundTrip / 2
    nanoseconds = best.far.nanoseconds &- middle.nanoseconds
    bound = (best.roundTrip + 1) / 2
    taken = best.answered
  }

  /// Our time of a moment that the far clock told.
  func near(_ far: MonotonicTime) -> MonotonicTime {
    MonotonicTime(nanoseconds: far.nanoseconds &- nanoseconds)
  }
}
