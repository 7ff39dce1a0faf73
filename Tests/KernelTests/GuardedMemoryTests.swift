import Glibc
import Testing

@testable import Kernel

/// Memory that ends where it says.
@Suite struct GuardedMemoryTests {
  @Test(arguments: [1, 8, 44, 4095, 4096, 4097, 70_000]) func whatIsWrittenIsThere(count: Int)
    throws
  {
    let memory = try GuardedMemory([7], count: count)
    #expect(memory.bytes == [7] + [UInt8](repeating: 0, count: count - 1))
    _ = unsafe memory.lend {
      unsafe $0.initializeMemory(as: UInt8.self, repeating: 9, count: count)
    }
    #expect(memory.bytes == [UInt8](repeating: 9, count: count))
  }

  /// The kernel has more to give than there is room for.
  @Test(arguments: [1, 44, 4096]) func theKernelCannotWriteBehindIt(count: Int) throws {
    var ends: [Int32] = [0, 0]
    try #require(unsafe pipe(&ends) == 0)
    let source = OwnedDescriptor(adopting: ends[0])
    let sink = OwnedDescriptor(adopting: ends[1])
    let sent = [UInt8](repeating: 5, count: count + 100)
    #expect(unsafe write(sink.rawValue, sent, sent.count) == sent.count)
    let memory = try GuardedMemory([], count: count)
    let read = unsafe memory.lend { unsafe Glibc.read(source.rawValue, $0, sent.count) }
    #expect(read < sent.count)
  }
}
