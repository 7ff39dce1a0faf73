import Foundation
import Kernel
import SystemPackage

/// A file, or a part of one, that a program of the distribution unpacks.
struct CompressedFile {
  let path: String
  let range: Range<Int>

  /// The whole file.
  init(_ path: String) throws {
    self.init(path, range: 0..<(try HostFiles.live.size(path)))
  }

  init(_ path: String, range: Range<Int>) {
    self.path = path
    self.range = range
  }

  /// The program for what the first bytes say; nil for something that is not packed.
  static func unpacker(for bytes: [UInt8]) -> (program: String, arguments: [String])? {
    let known: [(magic: [UInt8], program: String, arguments: [String])] = [
      ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0], "xz", ["-dc", "-q"]),
      ([0x28, 0xB5, 0x2F, 0xFD], "zstd", ["-dc", "-q"]),
      ([0x1F, 0x8B], "gzip", ["-dc", "-q"]),
      ([0x02, 0x21, 0x4C, 0x18], "lz4", ["-dc", "-q"]),
    ]
    return known.first { bytes.starts(with: $0.magic) }.map { ($0.program, $0.arguments) }
  }

  /// Unpacks into memory. What stands behind the packed bytes makes some unpackers complain, so
  /// it is for the caller to see whether the result is whole.
  ///
  /// - Throws: ``GuestError/unavailable(_:)`` if the unpacker is not installed.
  func unpacked() throws -> MemoryFile {
    guard let file = FileHandle(forReadingAtPath: path) else {
      throw SystemCallError("open", .noSuchFileOrDirectory, on: path)
    }
    try file.seek(toOffset: UInt64(range.lowerBound))
    let bytes = [UInt8](try file.read(upToCount: range.count) ?? Data())
    let result = try MemoryFile("unpacked")
    guard let (program, arguments) = Self.unpacker(for: bytes) else {
      try result.append(bytes)
      return result
    }
    guard ProgramRun.find(program) != nil else {
      throw GuestError.unavailable("\(path) is packed; install \(program) to unpack it")
    }
    let packed = try MemoryFile("packed")
    try packed.append(bytes)
    let source = try OwnedDescriptor(opening: packed.path, 0)
    _ = try ProgramRun.run(
      program, arguments, input: source.rawValue, output: result.descriptor.rawValue, within: 60)
    return result
  }
}
