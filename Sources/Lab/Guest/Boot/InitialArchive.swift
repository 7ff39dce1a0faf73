import Foundation
import Kernel
import SystemPackage

/// An initramfs in memory: the `newc` format of cpio, uncompressed, since a CPU that is emulated
/// unpacks slowly (Documentation/driver-api/early-userspace/buffer-format.rst).
struct InitialArchive: ~Copyable {
  private let file: MemoryFile
  private var folders: Set<String> = []
  private var inode = 0

  init() throws { file = try MemoryFile("initramfs") }

  /// Adds a file of this host as an executable one.
  ///
  /// - Parameter path: without a slash in front; its folders are added first.
  mutating func add(_ path: String, copyOf source: String) throws {
    let size = try HostFiles.live.size(source)
    try addFolders(of: path)
    try addHeader(path, mode: 0o100755, bytes: size)
    let copied = try file.append(contentsOf: source)
    guard copied == size else { throw SystemCallError("sendfile", .ioError, on: source) }
    try pad(size)
  }

  mutating func add(_ path: String, contents: [UInt8]) throws {
    try addFolders(of: path)
    try addHeader(path, mode: 0o100755, bytes: contents.count)
    try file.append(contents)
    try pad(contents.count)
  }

  mutating func addFolder(_ path: String) throws { try addFolders(of: path + "/") }

  /// Ends the archive; nothing can be added any more.
  consuming func finish() throws -> MemoryFile {
    try addHeader("TRAILER!!!", mode: 0, bytes: 0)
    return file
  }

  private mutating func addFolders(of path: String) throws {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
    for count in parts.indices {
      let folder = parts[...count].joined(separator: "/")
      if folders.insert(folder).inserted { try addHeader(folder, mode: 0o40755, bytes: 0) }
    }
  }

  /// Thirteen numbers of eight hexadecimal digits behind the magic, then the name.
  private mutating func addHeader(_ name: String, mode: Int, bytes: Int) throws {
    guard bytes <= UInt32.max else { throw SystemCallError("pack", .fileTooLarge, on: name) }
    inode += 1
    let nameBytes = name.utf8.count + 1
    let fields = [inode, mode, 0, 0, 1, 0, bytes, 0, 0, 0, 0, nameBytes, 0]
    let digits = fields.map { field in
      let text = String(field, radix: 16, uppercase: true)
      return String(repeating: "0", count: 8 - text.count) + text
    }
    let header = Array("070701".utf8) + Array(digits.joined().utf8) + Array(name.utf8) + [0]
    try file.append(header)
    try pad(header.count)
  }

  /// Every part begins at a multiple of four.
  private func pad(_ count: Int) throws {
    try file.append([UInt8](repeating: 0, count: (4 - count % 4) % 4))
  }
}
