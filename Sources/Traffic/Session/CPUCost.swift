import Kernel

/// CPU time that is not in our threads' own clocks: the kernel's softirq threads, and what the
/// hypervisor took away.
///
/// Softirqs that run on the back of our threads are in the threads' clocks, unless the kernel is
/// built with `CONFIG_IRQ_TIME_ACCOUNTING`.
struct CPUCost {
  private let softirqThreads: [Int32]
  private let files: HostFiles

  /// Finds the `ksoftirqd` threads of all CPUs.
  init(files: HostFiles = .live) {
    self.files = files
    softirqThreads = files.list("/proc").compactMap { Int32($0) }.filter {
      files.readIfPresent("/proc/\($0)/comm")?.hasPrefix("ksoftirqd/") ?? false
    }
  }

  func read() -> CPUReading {
    let stat = files.readIfPresent("/proc/stat") ?? ""
    return CPUReading(
      softirq: softirqThreads.compactMap(MonotonicTime.processCPU).reduce(0, +),
      steal: Self.steal(inStat: stat) * Self.tick, busy: Self.busy(inStat: stat) * Self.tick)
  }

  /// Nanoseconds of a tick: 1/100 s on all architectures with KVM (`USER_HZ`).
  private static let tick: UInt64 = 10_000_000

  /// Ticks of work, in the first line of `/proc/stat` (proc_stat(5)): user, nice, system, irq and
  /// softirq; not idle, iowait and steal. 0 if it is not there.
  static func busy(inStat text: String) -> UInt64 {
    [1, 2, 3, 6, 7].reduce(0) { $0 + field($1, inStat: text) }
  }

  /// Ticks stolen: the eighth number of that line; 0 if it is not there.
  static func steal(inStat text: String) -> UInt64 { field(8, inStat: text) }

  private static func field(_ number: Int, inStat text: String) -> UInt64 {
    let line = text.prefix { $0 != "\n" }.split(separator: " ")
    return line.count > 8 && line[0] == "cpu" ? UInt64(line[number]) ?? 0 : 0
  }
}

/// CPU time of a whole machine so far.
package struct CPUReading: Sendable, Hashable, Codable {
  /// Nanoseconds used by all `ksoftirqd`.
  package var softirq: UInt64
  /// Nanoseconds stolen from all CPUs, in ticks of 10 ms.
  package var steal: UInt64
  /// Nanoseconds that all CPUs worked, in ticks of 10 ms.
  package var busy: UInt64

  /// What was used from `earlier` to `later`; nothing of what went back.
  static func - (later: CPUReading, earlier: CPUReading) -> CPUReading {
    CPUReading(
      softirq: later.softirq - min(earlier.softirq, later.softirq),
      steal: later.steal - min(earlier.steal, later.steal),
      busy: later.busy - min(earlier.busy, later.busy))
  }
}
