import CLinux

/// The task of the kernel that works for one vhost descriptor: up to Linux 6.3 a kernel thread, from
/// 6.4 on a thread of whoever opened it (`vhost_task`). Its name is `vhost-` and the number of the
/// opening thread, in the first PID namespace.
struct VhostWorker: Hashable {
  let task: Int32

  /// Those of the descriptors that the calling thread opened; perhaps those of others of our
  /// threads.
  static func ours(files: HostFiles = .live) -> Set<VhostWorker> {
    let kernelThreads = tasks(in: "/proc", files) { $0 == "vhost-\(kvmtune_gettid())" }
    let threads = tasks(in: "/proc/self/task", files) { $0.hasPrefix("vhost-") }
    return Set((kernelThreads + threads).map(VhostWorker.init))
  }

  private static func tasks(
    in folder: String, _ files: HostFiles, named isWanted: (String) -> Bool
  ) -> [Int32] {
    files.list(folder).compactMap { Int32($0) }.filter {
      files.readIfPresent("\(folder)/\($0)/comm").map(isWanted) ?? false
    }
  }

  /// CPU time in nanoseconds. Throws `ESRCH` if the task has gone.
  func cpuTime() throws(SystemCallError) -> UInt64 {
    guard let time = MonotonicTime.processCPU(task) ?? MonotonicTime.threadCPU(task) else {
      throw SystemCallError("clock_gettime", .noSuchProcess, on: "vhost worker \(task)")
    }
    return time
  }
}
