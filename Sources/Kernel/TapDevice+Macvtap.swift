import CLinux
import Glibc

extension TapDevice {
  /// Opens queues of a macvtap that is there: its character device, once for each queue.
  ///
  /// `/dev` may show the file of another namespace's device of the same name, or none, so a node
  /// of our own is made by the numbers that `/sys` gives. It stands on a file system that only the
  /// namespace's thread sees, and only until the queues are open. Needs `CAP_SYS_ADMIN`.
  ///
  /// - Parameters:
  ///   - device: in a namespace that we made.
  ///   - queueCount: 1 … 256, at most the queues that the device was made with.
  /// - Throws: `SystemCallError`: `ENOENT` for another kind of device, `EPERM`, `ENOSPC`.
  package static func macvtap(_ device: NetworkDevice, queueCount: Int) throws -> TapDevice {
    precondition(device.namespace.hasThread, "in another namespace all would see the mount")
    return try device.namespace.run {
      let file = "/sys/class/net/\(device.name)/tap\(device.index)/dev"
      let text = try HostFiles.live.read(file)
      let numbers = text.split(separator: ":").compactMap { UInt32($0) }
      guard numbers.count == 2 else { throw SystemCallError("read", .notSupported, on: file) }
      let folder = "/tmp"
      try syscall("mount", on: folder) { unsafe mount("kvmtune", folder, "tmpfs", 0, nil) }
      defer { _ = unsafe umount2(folder, CInt(MNT_DETACH)) }
      let node = "\(folder)/\(device.name)"
      try syscall("mknod", on: node) {
        unsafe mknod(node, S_IFCHR | 0o600, kvmtune_makedev(numbers[0], numbers[1]))
      }
      return try TapDevice(opening: node, device.name, queueCount, isMacvtap: true)
    }
  }
}
