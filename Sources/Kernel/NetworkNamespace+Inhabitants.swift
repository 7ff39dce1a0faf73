import CLinux
import Glibc

/// Processes that live in a namespace, which keeps it alive after its name is gone.
extension NetworkNamespace {
  /// Kills every process that was started in a named namespace, and waits until all are gone.
  ///
  /// A process lives where its first thread does. This one is never killed, and one that does not
  /// go within two seconds is left to the kernel. Without such a name nothing happens.
  package static func killInhabitants(ofNamed name: String) {
    guard let home = identity("\(folder)/\(name)") else { return }
    let limit = MonotonicTime.now() + 2_000_000_000
    while MonotonicTime.now() < limit {
      let inhabitants = processes(in: home)
      if inhabitants.isEmpty { return }
      for process in inhabitants { kill(process, SIGKILL) }
      (MonotonicTime.now() + 2_000_000).sleepUntil()
    }
  }

  private static func processes(in home: Identity) -> [Int32] {
    HostFiles.live.list("/proc").compactMap { Int32($0) }.filter {
      $0 != CurrentProcess.id && identity("/proc/\($0)/ns/net") == home
    }
  }

  /// What makes a namespace the same as another: the file's device and inode (namespaces(7)).
  private struct Identity: Hashable {
    let device: UInt64
    let inode: UInt64
  }

  /// Nil if there is no such file; a process that has ended has none.
  private static func identity(_ path: String) -> Identity? {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { return nil }
    return Identity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
  }
}
