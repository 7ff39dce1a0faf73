import CLinux
import SystemPackage

/// A file that is written so that a crash of the process or of the machine loses nothing.
///
/// ``append(_:)`` returns when the bytes are on the disk, or throws and leaves the file as it was.
package struct DurableFile: ~Copyable, Sendable {
  package let path: String
  private let descriptor: OwnedDescriptor

  /// Opens a file to add to its end; makes it, readable by its owner only, if there is none.
  package init(appendingTo path: String) throws(SystemCallError) {
    let opened = try OwnedDescriptor(opening: path, O_RDWR | O_CREAT | O_APPEND, mode: 0o600)
    try Self.synchroniseFolder(of: path)
    self.path = path
    descriptor = opened
  }

  /// Adds text to the end and waits for the disk.
  ///
  /// - Throws: `SystemCallError` (`ENOSPC`, `EIO`); what was added in part is cut off again.
  package func append(_ text: String) throws(SystemCallError) {
    let length = try syscall("lseek", on: path) { lseek(descriptor.rawValue, 0, SEEK_END) }
    do throws(SystemCallError) {
      try Self.writeAll(text, to: descriptor.rawValue, path: path)
      try syscall("fsync", on: path) { fsync(descriptor.rawValue) }
    } catch {
      _ = ftruncate(descriptor.rawValue, length)
      throw error
    }
  }

  /// Puts `text` in the place of whatever `path` held: readers see the old file or the new one.
  package static func replace(_ path: String, with text: String) throws(SystemCallError) {
    let draft = path + ".new"
    do throws(SystemCallError) {
      let file = try OwnedDescriptor(opening: draft, O_WRONLY | O_CREAT | O_TRUNC)
      try writeAll(text, to: file.rawValue, path: draft)
      try syscall("fsync", on: draft) { fsync(file.rawValue) }
      try syscall("rename", on: path) { unsafe rename(draft, path) }
    } catch {
      _ = unsafe unlink(draft)
      throw error
    }
    try synchroniseFolder(of: path)
  }

  /// Removes a file for good. One that is not there is no error.
  package static func remove(_ path: String) throws(SystemCallError) {
    do throws(SystemCallError) {
      try syscall("unlink", on: path) { unsafe unlink(path) }
    } catch  where error.errno == .noSuchFileOrDirectory {
      return
    }
    try synchroniseFolder(of: path)
  }

  /// Gives a file another name in the same folder, for good.
  package static func move(_ path: String, to other: String) throws(SystemCallError) {
    try syscall("rename", on: path) { unsafe rename(path, other) }
    try synchroniseFolder(of: other)
  }

  private static func writeAll(_ text: String, to file: CInt, path: String) throws(SystemCallError)
  {
    let bytes = Array(text.utf8)
    var done = 0
    while done < bytes.count {
      done += try syscall("write", on: path) {
        unsafe bytes.withUnsafeBytes {
          unsafe CLinux.write(file, $0.baseAddress?.advanced(by: done), $0.count - done)
        }
      }
    }
  }

  /// A new or renamed file is safe only when its folder is on the disk too (fsync(2)).
  private static func synchroniseFolder(of path: String) throws(SystemCallError) {
    let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    let handle = try OwnedDescriptor(opening: folder.isEmpty ? "/" : folder, O_RDONLY | O_DIRECTORY)
    try syscall("fsync", on: folder) { fsync(handle.rawValue) }
  }
}
