import Kernel

extension FrameSender where Sink: ~Copyable {
  /// Sends bursts of frames back to back, the path idle in between, for so many nanoseconds.
  ///
  /// - Parameters:
  ///   - length: frames of one burst.
  ///   - period: nanoseconds from one burst's start to the next, or from its end if it took
  ///     longer; nil for ``Workload/defaultGap`` after its end.
  package mutating func burst(length: Int, period: UInt64?, nanoseconds: UInt64) throws {
    let start = MonotonicTime.now()
    let deadline = start + nanoseconds
    var end = start
    var idle: UInt64 = 0
    var intended: UInt64 = 0
    while true {
      let begin = MonotonicTime.now()
      if begin >= deadline { break }
      var left = length
      while left > 0 {
        let count = min(left, batchFrames)
        try offer(count, until: deadline)
        left -= count
      }
      intended += UInt64(length)
      let next = period.map { begin + $0 } ?? MonotonicTime.now() + Workload.defaultGap
      // The pause after the last burst is a part of its period like any other.
      if period != nil { end = next }
      idle += min(next, deadline).spinUntil()
    }
    account(intended: intended, idle: idle, from: start, to: end)
  }
}
