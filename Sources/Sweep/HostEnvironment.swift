import Foundation
package import Kernel

/// The version of kvmtune, as `--version` prints it and every run records it.
package enum Version { package static let current = "0.1.0" }

/// The machine that a run was made on, as far as it can change the result.
package struct HostEnvironment: Codable, Sendable, Hashable {
  package var hostName: String
  package var kernel: String
  package var machine: String
  package var cpuModel: String
  package var onlineCPUs: String
  package var numaNodes: String
  /// The frequency governor of CPU 0; nil where the hypervisor hides it.
  package var governor: String?
  package var bootID: String
  /// One, five and fifteen minutes, as in `/proc/loadavg`, when the run began.
  package var loadAverage: String

  /// What makes this another machine than `now`, in words; nil if it is the same.
  package func difference(from now: HostEnvironment) -> String? {
    if hostName != now.hostName { return "on \(hostName), this is \(now.hostName)" }
    if kernel != now.kernel { return "on kernel \(kernel), this is \(now.kernel)" }
    if cpuModel != now.cpuModel { return "on \(cpuModel), this is \(now.cpuModel)" }
    return nil
  }

  package static func read(_ files: HostFiles = .live) -> HostEnvironment {
    func text(_ path: String) -> String { files.readIfPresent(path) ?? "" }
    let model = text("/proc/cpuinfo").split(separator: "\n").first { $0.hasPrefix("model name") }
    return HostEnvironment(
      hostName: text("/proc/sys/kernel/hostname"),
      kernel: text("/proc/sys/kernel/osrelease"),
      machine: text("/proc/sys/kernel/arch"),
      cpuModel: model?.split(separator: ":").last?.trimmingCharacters(in: .whitespaces) ?? "",
      onlineCPUs: text("/sys/devices/system/cpu/online"),
      numaNodes: text("/sys/devices/system/node/online"),
      governor: files.readIfPresent("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
      bootID: text("/proc/sys/kernel/random/boot_id"),
      loadAverage: text("/proc/loadavg").split(separator: " ").prefix(3).joined(separator: " "))
  }
}
