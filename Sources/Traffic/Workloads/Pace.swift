package import Kernel

/// An absolute schedule: frame `n` is due at `start + n / rate`, whatever became of the others.
package struct Pace: Sendable, Hashable {
  package let start: MonotonicTime
  /// Frames per second, above 0.
  package let rate: Double

  package init(start: MonotonicTime, rate: Double) {
    precondition(rate > 0)
    self.start = start
    self.rate = rate
  }

  /// When frame `n` is due.
  package func time(of n: UInt64) -> MonotonicTime {
    start + UInt64(Double(n) * 1e9 / rate)
  }

  /// How many frames are due by `moment`: the first at ``start``.
  package func due(by moment: MonotonicTime) -> UInt64 {
    guard moment >= start else { return 0 }
    // Rounding may be off by one either way; the times of the frames decide.
    var count = UInt64(Double(moment - start) * rate / 1e9) + 1
    while count > 0 && time(of: count - 1) > moment { count -= 1 }
    while time(of: count) <= moment { count += 1 }
    return count
  }

  /// How many frames a schedule of so many nanoseconds has.
  package func total(nanoseconds: UInt64) -> UInt64 {
    nanoseconds == 0 ? 0 : due(by: start + (nanoseconds - 1))
  }
}
