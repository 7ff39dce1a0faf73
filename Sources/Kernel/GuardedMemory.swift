import CLinux
import Glibc
import SystemPackage

/// Memory for a reply whose length the kernel chooses: behind its last byte begins a page that
/// nobody may touch, so that a longer reply ends with `EFAULT` and overwrites nothing.
///
/// Safe: it is mapped once and unmapped once, and what is copied is checked against its length.
@safe package struct GuardedMemory: ~Copyable {
  /// Bytes before the page.
  package let count: Int
  private let mapping: UnsafeMutableRawBufferPointer
  private let start: UnsafeMutableRawPointer

  /// Memory that begins with `bytes`; the rest is zero.
  ///
  /// - Parameter count: at least that of `bytes`, above 0.
  /// - Throws: `SystemCallError` `ENOMEM`.
  package init(_ bytes: [UInt8], count: Int) throws(SystemCallError) {
    precondition(count > 0 && bytes.count <= count)
    let page = sysconf(CInt(_SC_PAGESIZE))
    let room = (count + page - 1) / page * page
    let mapped = unsafe mmap(
      nil, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let mapped = unsafe mapped, unsafe mapped != MAP_FAILED else {
      throw SystemCallError("mmap", Errno(rawValue: Glibc.errno), on: "\(room + page) bytes")
    }
    do throws(SystemCallError) {
      try syscall("mprotect") { unsafe mprotect(mapped + room, page, PROT_NONE) }
    } catch {
      unsafe munmap(mapped, room + page)
      throw error
    }
    unsafe mapping = UnsafeMutableRawBufferPointer(start: mapped, count: room + page)
    unsafe start = mapped + (room - count)
    self.count = count
    unsafe start.copyMemory(from: bytes, byteCount: bytes.count)
  }

  deinit { unsafe munmap(mapping.baseAddress, mapping.count) }

  /// Lends the memory to a call that writes to it.
  package func lend<Result>(_ body: (UnsafeMutableRawPointer) -> Result) -> Result {
    unsafe body(start)
  }

  /// A copy of what is there now.
  package var bytes: [UInt8] { unsafe Array(UnsafeRawBufferPointer(start: start, count: count)) }
}
