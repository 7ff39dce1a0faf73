import Foundation
import Kernel

/// The files that a program of this host needs to run elsewhere: itself, its dynamic loader and
/// its shared libraries.
struct ProgramFiles: Hashable {
  let program: String
  /// Path of the loader, which the program names; nil for a static program.
  let loader: String?
  /// Files by the names that the loader looks for: `libc.so.6`.
  let libraries: [String: String]

  /// Asks the program's own loader (ld.so(8), `--list`); the program is not run.
  ///
  /// - Throws: ``GuestError/unavailable(_:)`` for a file that is no program, or lacks a library.
  init(of program: String) throws {
    self.program = program
    guard let image = FileHandle(forReadingAtPath: program),
      let bytes = try image.read(upToCount: 1 << 16)
    else { throw GuestError.unavailable("\(program) cannot be read; build it first") }
    loader = try Self.interpreter(in: Array(bytes), of: program)
    guard let loader else {
      libraries = [:]
      return
    }
    let list = try ProgramRun(loader, ["--list", program], within: 20)
    guard list.succeeded else {
      throw GuestError.unavailable("\(program) does not run here: \(list.errors)")
    }
    libraries = try Self.libraries(inList: list.output, of: program)
  }

  /// Lines such as `libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f…)`.
  static func libraries(inList text: String, of program: String) throws -> [String: String] {
    var found: [String: String] = [:]
    for line in text.split(separator: "\n") {
      let sides = line.trimmingCharacters(in: .whitespaces).components(separatedBy: " => ")
      guard sides.count == 2 else { continue }
      let path = sides[1].components(separatedBy: " (0x")[0]
      guard path.hasPrefix("/") else {
        throw GuestError.unavailable("\(program) lacks \(sides[0]): \(path)")
      }
      found[sides[0].components(separatedBy: "/").last ?? sides[0]] = path
    }
    return found
  }

  /// The loader that a 64-bit little-endian ELF file names in its `PT_INTERP` segment (elf(5)); nil
  /// for a static program.
  static func interpreter(in bytes: [UInt8], of program: String) throws -> String? {
    func number(at offset: Int, bytes count: Int) -> Int? {
      guard offset >= 0, count + offset <= bytes.count else { return nil }
      return bytes[offset..<offset + count].reversed().reduce(0) { $0 << 8 | Int($1) }
    }
    guard bytes.starts(with: [0x7F, 0x45, 0x4C, 0x46, 2, 1]), let table = number(at: 32, bytes: 4),
      let size = number(at: 54, bytes: 2), let count = number(at: 56, bytes: 2)
    else { throw GuestError.unavailable("\(program) is no 64-bit program") }
    for index in 0..<count {
      let header = table + index * size
      guard number(at: header, bytes: 4) == 3 else { continue }
      guard let offset = number(at: header + 8, bytes: 4),
        let length = number(at: header + 32, bytes: 4), length > 1, length < 4096,
        offset + length <= bytes.count
      else { throw GuestError.unavailable("\(program) names no loader that makes sense") }
      return String(decoding: bytes[offset..<offset + length - 1], as: UTF8.self)
    }
    return nil
  }
}
