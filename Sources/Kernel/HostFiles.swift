import CLinux
import Foundation
import SystemPackage

/// The files of a machine under `/proc`, `/sys` and the like, below a root that a test may choose.
///
/// What is read is text from the kernel, or from whoever recorded the folder: it is bounded in
/// size and returned as it is, without the last newline. Reads and writes are one system call, as
/// kernel attributes want it.
package struct HostFiles: Sendable, Hashable {
  /// The folder that stands for `/`.
  package let root: String

  package static let live = HostFiles(root: "")

  /// The most that one attribute may hold, in bytes; `/proc/interrupts` of a large host is 2 MB.
  package static let limit = 8 << 20

  package init(root: String) {
    self.root = root.hasSuffix("/") ? String(root.dropLast()) : root
  }

  /// The path on this machine of `path`, which begins with a slash.
  package func resolve(_ path: String) -> String { root + path }

  /// The text of a file without the newline at its end.
  ///
  /// Throws the kernel's error (`ENOENT`, `EACCES`, `EINVAL`: some attributes refuse to be read),
  /// or `EFBIG` past ``limit``.
  package func read(_ path: String) throws(SystemCallError) -> String {
    let real = resolve(path)
    let file = try OwnedDescriptor(opening: real, O_RDONLY)
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 16384)
    while true {
      let count = try syscall("read", on: real) {
        unsafe chunk.withUnsafeMutableBytes {
          unsafe CLinux.read(file.rawValue, $0.baseAddress, $0.count)
        }
      }
      if count == 0 { break }
      bytes.append(contentsOf: chunk[..<count])
      if bytes.count > Self.limit { throw SystemCallError("read", .fileTooLarge, on: real) }
    }
    if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The text of a file, or nil if there is none or it refuses to be read.
  package func readIfPresent(_ path: String) -> String? { try? read(path) }

  /// A file that holds one whole number, or nil if there is none or it holds something else.
  package func readInteger(_ path: String) -> Int? {
    readIfPresent(path).flatMap { Int($0.trimmingCharacters(in: .whitespaces)) }
  }

  /// Writes `text` in one call to a file that exists. Throws the kernel's error.
  package func write(_ text: String, to path: String) throws(SystemCallError) {
    let real = resolve(path)
    let file = try OwnedDescriptor(opening: real, O_WRONLY | O_TRUNC)
    var bytes = Array(text.utf8)
    try syscall("write", on: real) {
      unsafe bytes.withUnsafeMutableBytes {
        unsafe CLinux.write(file.rawValue, $0.baseAddress, $0.count)
      }
    }
  }

  /// The names in a folder, sorted; empty if there is no such folder.
  package func list(_ path: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: resolve(path))) ?? []).sorted()
  }

  /// Whether a file, folder or link is there.
  package func exists(_ path: String) -> Bool {
    unsafe access(resolve(path), F_OK) == 0
  }

  /// Bytes of a file, or of what a link leads to. Throws the kernel's error.
  package func size(_ path: String) throws(SystemCallError) -> Int {
    let real = resolve(path)
    var status = stat()
    try syscall("stat", on: real) { unsafe stat(real, &status) }
    return Int(status.st_size)
  }

  /// The last part of what a symbolic link names: the driver of `…/device/driver`.
  package func linkName(_ path: String) -> String? {
    guard
      let target = try? FileManager.default.destinationOfSymbolicLink(atPath: resolve(path))
    else { return nil }
    return target.split(separator: "/").last.map(String.init)
  }
}
