package import Kernel

/// How much of the CPUs' time the hypervisor takes, from its beginning on.
///
/// Windows of some 20 ms are too short for the kernel's ticks of 10 ms; what many of them have in
/// common is not.
package struct StealWatch: Sendable {
  private let files: HostFiles
  private let cpus: CPUSet
  private let begin: [Int: Ticks]

  private struct Ticks {
    var steal: UInt64 = 0
    var all: UInt64 = 0
  }

  /// - Parameter cpus: that count; the traffic's are those that this process may use.
  package init(over cpus: CPUSet, files: HostFiles = .live) {
    self.files = files
    self.cpus = cpus
    begin = Self.read(files)
  }

  /// The share of the CPUs' time that was stolen so far; nil if it was too short to say, or if the
  /// kernel does not tell.
  package var share: Double? {
    var sum = Ticks()
    for (cpu, now) in Self.read(files) where cpus.contains(cpu) {
      guard let before = begin[cpu], now.all >= before.all, now.steal >= before.steal else {
        continue
      }
      sum.steal &+= now.steal - before.steal
      sum.all &+= now.all - before.all
    }
    return sum.all < Self.leastTicks * UInt64(cpus.count)
      ? nil : Double(sum.steal) / Double(sum.all)
  }

  /// Of each CPU, as the mean: two seconds. With fewer, a neighbour's single fit would be per cents.
  private static let leastTicks: UInt64 = 200

  /// User, nice, system, idle, iowait, irq, softirq and steal of `/proc/stat` (proc_stat(5)); what
  /// follows is in user and nice already.
  private static func read(_ files: HostFiles) -> [Int: Ticks] {
    var cpus: [Int: Ticks] = [:]
    for line in (files.readIfPresent("/proc/stat") ?? "").split(separator: "\n") {
      let words = line.split(separator: " ")
      guard words.count > 8, words[0].hasPrefix("cpu"), let cpu = Int(words[0].dropFirst(3)) else {
        continue
      }
      let ticks = words[1...8].map { min(UInt64($0) ?? 0, .max / 16) }
      cpus[cpu] = Ticks(steal: ticks[7], all: ticks.reduce(0, +))
    }
    return cpus
  }
}
