import Foundation
import Kernel

/// Keeps two sweeps from tuning one NIC at the same time, for as long as this value lives; the
/// kernel drops it when the process dies.
package struct NICLock: ~Copyable, Sendable {
  private let lock: FileLock

  /// Somebody else is at it.
  package struct Held: Error, Sendable, Hashable, CustomStringConvertible {
    package let nic: String
    /// Nil if the holder did not leave its number.
    package let process: Int32?

    package var description: String {
      let who = process.map { "process \($0)" } ?? "another process"
      return "\(nic) is being tuned by \(who); wait for it or end it"
    }
  }

  /// Takes the lock of a device of this host.
  ///
  /// - Throws: ``Held``, or what the file system says.
  package init(nic: String, in folder: StateFolder) throws {
    try folder.prepare()
    // A device's name holds no slash (net/core/dev.c, `dev_valid_name`).
    let path = "\(folder.path)/nic-\(nic).lock"
    guard let lock = try FileLock(path: path) else {
      throw Held(nic: nic, process: HostFiles.live.readInteger(path).map { Int32(clamping: $0) })
    }
    try HostFiles.live.write("\(ProcessInfo.processInfo.processIdentifier)\n", to: path)
    self.lock = lock
  }
}
