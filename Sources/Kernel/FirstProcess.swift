import CLinux

/// What the first process of a machine asks of its kernel. All of it needs root.
package enum FirstProcess {
  /// The arguments of the first process of a machine whose `/proc` nobody has mounted yet: the
  /// Swift runtime looks for them there before any code of ours runs. Mounts it.
  ///
  /// - Returns: nil for every other process.
  package static func arguments() throws(SystemCallError) -> [String]? {
    guard CurrentProcess.id == 1, !HostFiles.live.exists("/proc/self") else { return nil }
    try mount("proc", at: "/proc")
    let words = try HostFiles.live.read("/proc/self/cmdline").split(separator: "\0")
    return words.dropFirst().map(String.init)
  }

  /// Mounts a file system of the kernel; the folder is made first.
  package static func mount(_ kind: String, at folder: String) throws(SystemCallError) {
    do throws(SystemCallError) {
      try syscall("mkdir", on: folder) { unsafe mkdir(folder, 0o755) }
    } catch  where error.errno == .fileExists {
      // The archive has it.
    }
    try syscall("mount", on: folder) { unsafe CLinux.mount(kind, folder, kind, 0, nil) }
  }

  /// Loads a module (finit_module(2)). One that is there already is no error.
  package static func loadModule(_ path: String, parameters: String = "") throws(SystemCallError) {
    let file = try OwnedDescriptor(opening: path, O_RDONLY)
    do throws(SystemCallError) {
      try syscall("finit_module", on: path) {
        unsafe kvmtune_load_module(file.rawValue, parameters)
      }
    } catch  where error.errno == .fileExists {
      return
    }
  }

  /// Switches on every CPU that the machine has (cpu_hotplug.rst).
  package static func switchOnCPUs() throws(SystemCallError) {
    let files = HostFiles.live
    let folder = "/sys/devices/system/cpu"
    for name in files.list(folder) {
      // The first one may have no switch.
      let file = "\(folder)/\(name)/online"
      if files.readInteger(file) == 0 { try files.write("1", to: file) }
    }
  }

  /// Switches the machine off at once; nothing is written back.
  package static func powerOff() -> Never {
    while true {
      _ = reboot(CInt(RB_POWER_OFF))
      // Only without CAP_SYS_BOOT; the first process must never return.
      (MonotonicTime.now() + 1_000_000_000).sleepUntil()
    }
  }
}
