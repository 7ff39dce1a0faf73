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

  struct Reading {
    /// Nanoseconds used by all `ksoftirqd`.
    var softirq: UInt64
    /// Nanoseconds stolen from all CPUs, in ticks of 10 ms.
    var steal: UInt64
  }

  func read() -> Reading {
    Reading(
      softirq: softirqThreads.compactMap(MonotonicTime.processCPU).reduce(0, +),
      steal: Self.steal(inStat: files.readIfPresent("/proc/stat") ?? "") * 10_000_000)
  }

  /// The eighth number of the first line of `/proc/stat` (proc_stat(5)): user, nice, system,
  /// idle, iowait, irq, softirq, steal; 0 if it is not there. The unit is 1/100 s on all
  /// architectures with KVM (`USER_HZ`).
  static func steal(inStat text: String) -> UInt64 {
    let line = text.prefix { $0 != "\n" }.split(separator: " ")
    return line.count > 8 && line[0] == "cpu" ? UInt64(line[8]) ?? 0 : 0
  }
}
