import CLinux

/// A moment of `CLOCK_MONOTONIC`, in nanoseconds since an arbitrary start (clock_gettime(2)).
///
/// Public for the same reason as ``FrameBatch``: frames are stamped with differences of it.
public struct MonotonicTime: Sendable, Hashable, Comparable, Codable {
  @usableFromInline package var nanoseconds: UInt64

  @inlinable package init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

  /// Now. Never fails: the clock is always there.
  package static func now() -> MonotonicTime { MonotonicTime(nanoseconds: read(CLOCK_MONOTONIC)) }

  /// CPU time that the calling thread has used, in nanoseconds, system and user.
  package static func threadCPU() -> UInt64 { read(CLOCK_THREAD_CPUTIME_ID) }

  /// Wall-clock nanoseconds since 1970-01-01T00:00:00Z; for time stamps, never for intervals.
  package static func sinceEpoch() -> UInt64 { read(CLOCK_REALTIME) }

  /// CPU time in nanoseconds that a task of this machine has used, or nil if there is none: a
  /// kernel thread such as `ksoftirqd/0` as well as a process of ours.
  package static func processCPU(_ process: Int32) -> UInt64? {
    var clock = clockid_t()
    guard unsafe clock_getcpuclockid(process, &clock) == 0 else { return nil }
    return read(clock)
  }

  /// The same of one other thread of this process, which pthread(7) may know nothing of.
  static func threadCPU(_ thread: Int32) -> UInt64? {
    // What pthread_getcpuclockid(3) makes of a thread's number (posix-timers.h, CPUCLOCK_SCHED).
    let clock = ~thread << 3 | 6
    var time = timespec()
    guard unsafe clock_gettime(clock, &time) == 0 else { return nil }
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }

  @inlinable package static func + (time: MonotonicTime, nanoseconds: UInt64) -> MonotonicTime {
    MonotonicTime(nanoseconds: time.nanoseconds + nanoseconds)
  }

  /// Nanoseconds from `earlier` to `later`; 0 if they are the other way round.
  @inlinable package static func - (later: MonotonicTime, earlier: MonotonicTime) -> UInt64 {
    later > earlier ? later.nanoseconds - earlier.nanoseconds : 0
  }

  /// Whether `left` was earlier.
  @inlinable public static func < (left: MonotonicTime, right: MonotonicTime) -> Bool {
    left.nanoseconds < right.nanoseconds
  }

  /// Sleeps until this moment, or a little longer; signals do not cut it short.
  package func sleepUntil() {
    var until = timespec(
      tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
    while unsafe clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nil) == EINTR {}
  }

  private static func read(_ clock: clockid_t) -> UInt64 {
    var time = timespec()
    let result = unsafe clock_gettime(clock, &time)
    precondition(result == 0, "the clock is always there")
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}
