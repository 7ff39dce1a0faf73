import Foundation
import Kernel
import TestSupport
import Testing

@testable import Lab

/// The parts that a guest boots from, without a guest.
@Suite struct GuestBootTests {
  // MARK: The initial archive

  @Test func anArchiveIsWhatTheKernelReads() throws {
    let folder = try TemporaryFolder()
    let source = try folder.file("source", "abcde")
    var archive = try InitialArchive()
    try archive.add("bin/sub/tool", copyOf: source)
    try archive.add("bin/list", contents: [1, 2, 3, 4])
    try archive.addFolder("run")
    let file = try archive.finish()
    let bytes = try file.read(limit: 1 << 20)
    let entries = try Self.entries(of: bytes)
    #expect(
      entries.map(\.name) == [
        "bin", "bin/sub", "bin/sub/tool", "bin/list", "run", "TRAILER!!!",
      ])
    #expect(entries.map(\.mode) == [0o40755, 0o40755, 0o100755, 0o100755, 0o40755, 0])
    #expect(entries[2].body == Array("abcde".utf8) && entries[3].body == [1, 2, 3, 4])
    #expect(bytes.count.isMultiple(of: 4))
  }

  /// Reads the `newc` format as buffer-format.rst has it.
  private static func entries(of bytes: [UInt8]) throws -> [(
    name: String, mode: Int, body: [UInt8]
  )] {
    var found: [(name: String, mode: Int, body: [UInt8])] = []
    var offset = 0
    while offset < bytes.count {
      let header = String(decoding: bytes[offset..<offset + 110], as: UTF8.self)
      try #require(header.hasPrefix("070701"))
      let fields = (0..<13).map { index in
        let start = header.index(header.startIndex, offsetBy: 6 + index * 8)
        return Int(header[start..<header.index(start, offsetBy: 8)], radix: 16) ?? -1
      }
      let (size, nameSize) = (fields[6], fields[11])
      let name = String(decoding: bytes[offset + 110..<offset + 109 + nameSize], as: UTF8.self)
      #expect(bytes[offset + 109 + nameSize] == 0)
      let start = (offset + 110 + nameSize + 3) & ~3
      found.append((name, fields[1], Array(bytes[start..<start + size])))
      offset = (start + size + 3) & ~3
    }
    return found
  }

  // MARK: Programs

  @Test func aProgramHasItsLoaderAndLibraries() throws {
    let files = try ProgramFiles(of: "/bin/ls")
    let loader = try #require(files.loader)
    #expect(FileManager.default.isExecutableFile(atPath: loader))
    let library = try #require(files.libraries["libc.so.6"])
    #expect(FileManager.default.fileExists(atPath: library))
  }

  @Test func aLibraryThatIsNotThereIsNamed() throws {
    let list = """
      \tlinux-vdso.so.1 (0x00007ffe)
      \tlibc.so.6 => /lib/libc.so.6 (0x00007f00)
      \t/lib64/ld-linux-x86-64.so.2 => /lib64/ld.so (0x00007f01)

      """
    #expect(
      try ProgramFiles.libraries(inList: list, of: "p") == [
        "libc.so.6": "/lib/libc.so.6", "ld-linux-x86-64.so.2": "/lib64/ld.so",
      ])
    #expect(throws: GuestError.unavailable("p lacks libnl-3.so.200: not found")) {
      try ProgramFiles.libraries(inList: "libnl-3.so.200 => not found\n", of: "p")
    }
  }

  @Test func whatIsNoProgramIsRefused() throws {
    #expect(throws: GuestError.unavailable("x is no 64-bit program")) {
      try ProgramFiles.interpreter(in: Array("#!/bin/sh\n".utf8), of: "x")
    }
    // A program header that leads out of the file.
    var bytes = [UInt8](repeating: 0, count: 128)
    bytes.replaceSubrange(0..<6, with: [0x7F, 0x45, 0x4C, 0x46, 2, 1])
    bytes[32] = 64
    bytes[54] = 56
    bytes[56] = 1
    #expect(try ProgramFiles.interpreter(in: bytes, of: "static") == nil)
    bytes[64] = 3
    bytes[72] = 200
    bytes[96] = 10
    #expect(throws: GuestError.self) { try ProgramFiles.interpreter(in: bytes, of: "x") }
    for length in 0..<bytes.count {
      _ = try? ProgramFiles.interpreter(in: Array(bytes.prefix(length)), of: "cut")
    }
  }

  // MARK: Modules and kernels

  @Test func modulesComeAfterWhatTheyNeed() {
    let modules = KernelModules(
      folder: "/m",
      dependencies: """
        kernel/net/virtio_net.ko.xz: kernel/failover.ko.xz kernel/virtio-ring.ko.xz kernel/virtio.ko.xz
        kernel/failover.ko.xz:
        kernel/virtio-ring.ko.xz: kernel/virtio.ko.xz
        kernel/virtio.ko.xz:

        """)
    #expect(
      modules.closure(of: ["virtio_net", "virtio-ring", "built_in"]) == [
        "kernel/virtio.ko.xz", "kernel/virtio-ring.ko.xz", "kernel/failover.ko.xz",
        "kernel/net/virtio_net.ko.xz",
      ])
    #expect(KernelModules.name(of: "kernel/virtio-ring.ko.zst") == "virtio_ring")
  }

  @Test(arguments: ["xz", "gzip"]) func packedFilesAreUnpacked(_ packer: String) throws {
    let tool = try #require(Program.tool(packer))
    let folder = try TemporaryFolder()
    let text = String(repeating: "module ", count: 10_000)
    let plain = try folder.file("plain", text)
    try tool.run(["-k", plain])
    let suffix = ["xz": "xz", "gzip": "gz"][packer] ?? ""
    let unpacked = try CompressedFile("\(plain).\(suffix)").unpacked()
    #expect(try unpacked.read(limit: 1 << 20) == Array(text.utf8))
    let same = try CompressedFile(plain).unpacked()
    #expect(try same.read(limit: 1 << 20) == Array(text.utf8))
  }

  @Test func thePackedKernelIsFoundInItsImage() {
    var header = [UInt8](repeating: 0, count: 0x250)
    #expect(GuestKernel.payload(in: header) == nil)
    header.replaceSubrange(0x202..<0x206, with: Array("HdrS".utf8))
    header[0x206] = 0x0F
    header[0x207] = 0x02
    header[0x1F1] = 39
    header.replaceSubrange(0x248..<0x24C, with: [0xCC, 0x02, 0, 0])
    header.replaceSubrange(0x24C..<0x250, with: [0x10, 0x20, 0, 0])
    #expect(GuestKernel.payload(in: header) == 21196..<21196 + 0x2010)
    header[0x1F1] = 0
    #expect(GuestKernel.payload(in: header)?.lowerBound == 5 * 512 + 0x2CC)
    #expect(GuestKernel.payload(in: Array(header.dropLast())) == nil)
  }

  @Test func theNewestKernelIsWhatItsPackageDependsOn() throws {
    let record = """
      Package: linux-image-amd64
      Depends: linux-image-6.1.0-56-amd64 (= 6.1.192-2)
      """
    #expect(try GuestKernel.dependency(in: record) == "linux-image-6.1.0-56-amd64")
    let error = #expect(throws: GuestError.self) { try GuestKernel.dependency(in: "") }
    #expect(
      error?.description
        == "no kernel for guests: apt knows no linux-image-amd64; run 'apt-get update'")
  }

  // MARK: The console

  @Test func aConsoleIsOneLineOfPrintableText() {
    let text =
      "boot\r\n[ 1.0] Kernel panic - not syncing: VFS: \u{1b}[31mno root\u{7}\r\n[ 1.1] end\n\n"
    let tail = ConsoleTail(text: text)
    #expect(tail.panic == "VFS: [31mno root")
    #expect(tail.lastLine == "[ 1.1] end")
    #expect(!tail.isStalled)
    let stalled = ConsoleTail(
      text: """
        [   23.5] rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:
        [   23.6] rcu: rcu_preempt kthread timer wakeup didn't happen for 5252 jiffies! g-1151 f0x0
        """)
    #expect(stalled.isStalled && stalled.panic == nil)
    let recovered = ConsoleTail(
      text: "rcu: rcu_preempt kthread timer wakeup didn't happen for 9 jiffies!\n[ 29.0] virtio")
    #expect(!recovered.isStalled)
    let quiet = ConsoleTail(text: "")
    #expect(quiet.panic == nil && quiet.lastLine == nil)
    #expect(ConsoleTail(text: String(repeating: "x", count: 5000)).lastLine?.count == 200)
  }
}
