import CLinux
import SystemPackage

/// An exclusive lock on a file (flock(2)), held until its owner goes or the process dies.
///
/// The kernel drops it with the last descriptor, so whoever finds it held knows that the holder
/// lives, and whoever gets it knows that the last holder is gone.
package struct FileLock: ~Copyable, Sendable {
  private let descriptor: OwnedDescriptor

  /// Takes the lock without waiting.
  ///
  /// - Parameter creating: makes the file, readable by its owner only, if there is none.
  /// - Returns: nil if somebody else holds it.
  /// - Throws: `SystemCallError` if the file cannot be opened or locked.
  package init?(path: String, creating: Bool = true) throws(SystemCallError) {
    let flags = creating ? O_RDWR | O_CREAT : O_RDWR
    let opened = try OwnedDescriptor(opening: path, flags, mode: 0o600)
    do throws(SystemCallError) {
      try syscall("flock", on: path) { flock(opened.rawValue, LOCK_EX | LOCK_NB) }
    } catch {
      if error.errno == .wouldBlock { return nil }
      throw error
    }
    descriptor = opened
  }

  /// Whether somebody holds the lock on a file now; nil if there is no such file.
  ///
  /// Asked with a shared lock, so that two who ask do not take each other for the holder.
  package static func isHeld(path: String) throws(SystemCallError) -> Bool? {
    do throws(SystemCallError) {
      let opened = try OwnedDescriptor(opening: path, O_RDONLY)
      try syscall("flock", on: path) { flock(opened.rawValue, LOCK_SH | LOCK_NB) }
      return false
    } catch {
      switch error.errno {
      case .wouldBlock: return true
      case .noSuchFileOrDirectory: return nil
      default: throw error
      }
    }
  }
}
