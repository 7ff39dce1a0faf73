import CLinux

/// A file descriptor with one owner, closed when the owner goes.
///
/// `deinit` does not run after `exit` or a signal, so nothing that must be undone rests on it:
/// the kernel closes descriptors by itself.
package struct OwnedDescriptor: ~Copyable, Sendable {
  package let rawValue: CInt

  /// Takes ownership of an open descriptor.
  package init(adopting rawValue: CInt) {
    precondition(rawValue >= 0, "a descriptor is not negative")
    self.rawValue = rawValue
  }

  /// Opens a path; always `O_CLOEXEC`. Throws the kernel's error with the path.
  package init(opening path: String, _ flags: CInt, mode: UInt32 = 0o644) throws(SystemCallError) {
    self.init(
      adopting: try syscall("open", on: path) {
        unsafe kvmtune_open(path, flags | O_CLOEXEC, mode)
      })
  }

  deinit { close(rawValue) }

  /// Gives the ownership to the caller.
  consuming func release() -> CInt {
    let value = rawValue
    discard self
    return value
  }
}
