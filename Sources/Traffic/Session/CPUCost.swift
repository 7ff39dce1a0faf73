import Kernel

/// CPU time that is not in our threads' own clocks, CPU by CPU: the kernel's softirq threads,
/// interrupts and softirqs by the kernel's ticks, what the hypervisor took away, and all that was done
/// there.
///
/// Softirqs that run on the back of our threads are in the threads' clocks, unless the kernel is
/// built with `CONFIG_IRQ_TIME_ACCOUNTING`.
struct CPUCost {
  /// Each CPU's `ksoftirqd`.
  private let softirqThreads: [(cpu: Int, thread: Int32)]
  private let files: HostFiles

  /// Finds the `ksoftirqd` threads of all CPUs.
  init(files: HostFiles = .live) {
    self.files = files
    let name = "ksoftirqd/"
    softirqThreads = files.list("/proc").compactMap { Int32($0) }.compactMap { thread in
      guard let words = files.readIfPresent("/proc/\(thread)/comm"), words.hasPrefix(name),
        let cpu = Int(words.dropFirst(name.count))
      else { return nil }
      return (cpu, thread)
    }
  }

  func read() -> CPUReading {
    var cpus = Self.times(inStat: files.readIfPresent("/proc/stat") ?? "")
    for (cpu, thread) in softirqThreads {
      cpus[cpu, default: CPUTimes()].softirq = MonotonicTime.processCPU(thread) ?? 0
    }
    let counts = Self.networkSoftirqs(in: files.readIfPresent("/proc/softirqs") ?? "")
    for (cpu, count) in counts { cpus[cpu, default: CPUTimes()].networkSoftirqs = count }
    return CPUReading(
      cpus: cpus,
      pressure: Self.pressure(in: files.readIfPresent("/proc/pressure/cpu") ?? ""))
  }

  /// Nanoseconds of a tick: 1/100 s on all architectures with KVM (`USER_HZ`).
  private static let tick: UInt64 = 10_000_000

  /// What the lines `cpuN` of `/proc/stat` (proc_stat(5)) say: work is user, nice, system, irq and
  /// softirq; not idle, iowait and steal. Lines that are none are passed over.
  static func times(inStat text: String) -> [Int: CPUTimes] {
    var cpus: [Int: CPUTimes] = [:]
    for line in text.split(separator: "\n") where line.hasPrefix("cpu") {
      let words = line.split(separator: " ")
      guard words.count > 8, let cpu = Int(words[0].dropFirst(3)) else { continue }
      let ticks = words[1...8].map { UInt64($0) ?? 0 }.map { min($0, .max / 16 / tick) }
      var times = CPUTimes()
      times.busy = [0, 1, 2, 5, 6].reduce(0) { $0 + ticks[$1] } * tick
      times.interrupts = (ticks[5] + ticks[6]) * tick
      times.steal = ticks[7] * tick
      cpus[cpu] = times
    }
    return cpus
  }

  /// How often the softirqs `NET_RX` and `NET_TX` ran on each CPU: `/proc/softirqs`, whose first
  /// line names the CPUs.
  static func networkSoftirqs(in text: String) -> [Int: UInt64] {
    let lines = text.split(separator: "\n").map { $0.split(separator: " ") }
    let cpus = (lines.first ?? []).map { $0.hasPrefix("CPU") ? Int($0.dropFirst(3)) : nil }
    var counts: [Int: UInt64] = [:]
    for line in lines where line.first == "NET_RX:" || line.first == "NET_TX:" {
      for (cpu, count) in zip(cpus, line.dropFirst()) {
        if let cpu, let count = UInt64(count) { counts[cpu, default: 0] &+= count }
      }
    }
    return counts
  }

  /// Nanoseconds in which some task waited for a CPU: `/proc/pressure/cpu`
  /// (Documentation/accounting/psi.rst). Nil without PSI.
  static func pressure(in text: String) -> UInt64? {
    guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("some ") }),
      let total = line.split(separator: " ").first(where: { $0.hasPrefix("total=") }),
      let microseconds = UInt64(total.dropFirst(6)), microseconds < .max / 1000
    else { return nil }
    return microseconds * 1000
  }
}

/// CPU time of one CPU, so far or between two readings.
package struct CPUTimes: Sendable, Hashable, Codable {
  /// Nanoseconds used by its `ksoftirqd`.
  package var softirq: UInt64 = 0
  /// Nanoseconds stolen, in ticks of 10 ms.
  package var steal: UInt64 = 0
  /// Nanoseconds that it worked, in ticks of 10 ms.
  package var busy: UInt64 = 0
  /// Of these, nanoseconds of interrupts and softirqs, whoever they interrupted: a `ksoftirqd`, some
  /// thread, or nobody.
  package var interrupts: UInt64 = 0
  /// How often it ran softirqs of the network.
  package var networkSoftirqs: UInt64 = 0

  static func + (left: CPUTimes, right: CPUTimes) -> CPUTimes {
    CPUTimes(
      softirq: left.softirq &+ right.softirq, steal: left.steal &+ right.steal,
      busy: left.busy &+ right.busy, interrupts: left.interrupts &+ right.interrupts,
      networkSoftirqs: left.networkSoftirqs &+ right.networkSoftirqs)
  }

  /// Nothing of what went back.
  static func - (later: CPUTimes, earlier: CPUTimes) -> CPUTimes {
    func less(_ value: KeyPath<CPUTimes, UInt64>) -> UInt64 {
      later[keyPath: value] - min(earlier[keyPath: value], later[keyPath: value])
    }
    return CPUTimes(
      softirq: less(\.softirq), steal: less(\.steal), busy: less(\.busy),
      interrupts: less(\.interrupts), networkSoftirqs: less(\.networkSoftirqs))
  }
}

/// CPU time of a whole machine, so far or between two readings.
package struct CPUReading: Sendable, Hashable, Codable {
  package var cpus: [Int: CPUTimes] = [:]
  /// Nanoseconds in which some task waited for a CPU, whichever; nil where the kernel does not say.
  package var pressure: UInt64?

  static func - (later: CPUReading, earlier: CPUReading) -> CPUReading {
    CPUReading(
      cpus: later.cpus.reduce(into: [:]) { cpus, cpu in
        cpus[cpu.key] = cpu.value - (earlier.cpus[cpu.key] ?? cpu.value)
      },
      pressure: later.pressure.map { $0 - min($0, earlier.pressure ?? $0) })
  }

  /// The sum over some CPUs; over all if `chosen` is nil.
  func times(of chosen: Set<Int>? = nil) -> CPUTimes {
    cpus.reduce(CPUTimes()) { sum, cpu in
      chosen?.contains(cpu.key) == false ? sum : sum + cpu.value
    }
  }

  /// The CPUs that took a share of the network's softirqs that cannot be passed over.
  var networkCPUs: Set<Int> {
    let all = times().networkSoftirqs
    return Set(
      cpus.filter { $0.value.networkSoftirqs > all / 20 && $0.value.networkSoftirqs > 0 }.keys)
  }
}
