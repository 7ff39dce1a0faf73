import Kernel

/// What `/proc/PID/stat` says of a process (proc_pid_stat(5)).
struct ProcessStatus: Hashable {
  let parent: Int32
  /// Clock ticks after the boot at which it started; with the number it names a process for good.
  let startedAt: UInt64?

  /// Throws `SystemCallError` if there is no such process.
  init(_ process: Int32, files: HostFiles = .live) throws {
    let path = "/proc/\(process)/stat"
    let text = try files.read(path)
    // The second field is a name in parentheses that may hold anything, so count from its end:
    // there stand field 3 and the following.
    let end = text.lastIndex(of: ")").map(text.index(after:)) ?? text.startIndex
    let fields = text[end...].split(separator: " ")
    guard fields.count > 1, let parent = Int32(fields[1]) else {
      throw Objection("\(path) holds \"\(text.prefix(80))\"")
    }
    self.parent = parent
    startedAt = fields.count > 19 ? UInt64(fields[19]) : nil
  }
}
