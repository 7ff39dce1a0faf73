import CLinux
import SystemPackage

/// A file without a name that lives in memory until its last descriptor is closed
/// (memfd_create(2)): nothing is left of it, however its users end.
package struct MemoryFile: ~Copyable, Sendable {
  package let descriptor: OwnedDescriptor

  /// - Parameter name: for `/proc/PID/fd` only.
  package init(_ name: String) throws(SystemCallError) {
    let file = try syscall("memfd_create", on: name) {
      unsafe kvmtune_memfd(name, UInt32(KVMTUNE_MFD_CLOEXEC))
    }
    descriptor = OwnedDescriptor(adopting: file)
  }

  /// What opens the same file in a process that inherits the descriptor.
  package var path: String { "/proc/self/fd/\(descriptor.rawValue)" }

  package func append(_ bytes: [UInt8]) throws(SystemCallError) {
    var done = 0
    while done < bytes.count {
      done += try syscall("write", on: "a file in memory") {
        unsafe bytes.withUnsafeBytes {
          unsafe write(
            descriptor.rawValue, $0.baseAddress?.advanced(by: done), $0.count - done)
        }
      }
    }
  }

  /// Copies a file to the end of this one; the kernel moves the bytes (sendfile(2)).
  ///
  /// - Returns: how many bytes it had.
  @discardableResult
  package func append(contentsOf path: String) throws(SystemCallError) -> Int {
    let source = try OwnedDescriptor(opening: path, O_RDONLY)
    var total = 0
    while true {
      let count = try syscall("sendfile", on: path) {
        kvmtune_sendfile(descriptor.rawValue, source.rawValue, 1 << 30)
      }
      if count == 0 { return total }
      total += count
    }
  }

  /// The bytes from the beginning, at most so many.
  package func read(limit: Int) throws(SystemCallError) -> [UInt8] {
    let size = try syscall("lseek", on: "a file in memory") {
      lseek(descriptor.rawValue, 0, SEEK_END)
    }
    let count = min(limit, Int(size))
    var bytes = [UInt8](repeating: 0, count: count)
    var done = 0
    while done < count {
      let read = try syscall("pread", on: "a file in memory") {
        unsafe bytes.withUnsafeMutableBytes {
          unsafe pread(
            descriptor.rawValue, $0.baseAddress?.advanced(by: done), count - done, off_t(done))
        }
      }
      if read == 0 { break }
      done += read
    }
    return Array(bytes[..<done])
  }
}
