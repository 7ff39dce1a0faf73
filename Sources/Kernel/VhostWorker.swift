import CLinux

/// The task of the kernel that works for one vhost descriptor, `vhost-` and the thread that opened
/// it: a kernel thread up to Linux 6.3, a thread of the opener from 6.4 on (`vhost_task`).
struct VhostWorker: Hashable, Comparable {
  let task: Int32

  /// Those of the descriptors that the calling thread owns.
  static func ofThisThread(files: HostFiles = .live) -> Set<VhostWorker> {
    let name = "vhost-\(kvmtune_gettid())"
    let tasks = ["/proc", "/proc/self/task"].flatMap { folder in
      files.list(folder).compactMap { Int32($0) }.filter {
        files.readIfPresent("\(folder)/\($0)/comm") == name
      }
    }
    return Set(tasks.map(VhostWorker.init))
  }

  /// CPU time in nanoseconds, or nil if the task has gone.
  func cpuTime() -> UInt64? { MonotonicTime.processCPU(task) ?? MonotonicTime.threadCPU(task) }

  static func < (left: VhostWorker, right: VhostWorker) -> Bool { left.task < right.task }
}
