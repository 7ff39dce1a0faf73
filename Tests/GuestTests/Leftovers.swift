import Kernel
import Lab

/// What a sweep of guests could leave behind on this host.
struct Leftovers: Hashable {
  /// QEMU's processes whose parent is gone.
  let orphans = Self.guests().intersection(Self.children(of: 1))
  /// Labs whose maker is gone.
  let labs = Set(Lab.leftovers())
  /// Namespaces of labs that nobody holds.
  let namespaces = Set(
    NetworkNamespace.names(withPrefix: LabRegistry.prefix).filter { name in
      !HostFiles.live.list("/run/kvmtune/labs").contains { name.hasPrefix($0.dropLast(5)) }
    })
  let devices = Set(HostFiles.live.list("/sys/class/net"))

  /// Processes of QEMU that live.
  static func guests() -> Set<Int32> {
    Set(
      HostFiles.live.list("/proc").compactMap { Int32($0) }.filter {
        HostFiles.live.readIfPresent("/proc/\($0)/comm")?.hasPrefix("qemu-system") ?? false
          && HostFiles.live.exists("/proc/\($0)/fd/0")
      })
  }

  static func children(of parent: Int32) -> [Int32] {
    HostFiles.live.list("/proc").compactMap { Int32($0) }.filter { process in
      // Behind the name in parentheses (proc_pid_stat(5)).
      let fields = HostFiles.live.readIfPresent("/proc/\(process)/stat")?.split(separator: ")")
        .last?.split(separator: " ")
      return fields.flatMap { $0.count > 1 ? Int32($0[1]) : nil } == parent
    }
  }
}
