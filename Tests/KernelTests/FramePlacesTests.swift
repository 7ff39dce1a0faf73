import Testing

@testable import Kernel

@Suite struct FramePlacesTests {
  /// A batch of two frames of 8 and 12 bytes, all of one value.
  private static func batch(_ value: UInt8, changing: Range<Int> = 0..<Int.max) -> FrameBatch {
    var batch = FrameBatch(capacity: 2, sizes: [8, 12], changing: changing)
    fill(&batch, value)
    return batch
  }

  private static func fill(_ batch: inout FrameBatch, _ value: UInt8) {
    for index in 0..<2 {
      batch.withFrame(index) { frame in
        for offset in 0..<frame.byteCount { frame.storeBigEndian(value, at: offset) }
      }
    }
  }

  /// What stands in one of two places of 12 bytes after a copy.
  private static func copy(
    _ index: Int, of batch: borrowing FrameBatch, to place: Int, _ places: inout FramePlaces,
    _ memory: inout [UInt8]
  ) -> [UInt8] {
    let bytes = unsafe memory.withUnsafeMutableBytes { buffer in
      guard let start = buffer.baseAddress else { return 0 }
      return unsafe places.copy(index, of: batch, to: place, at: start + 12 * place)
    }
    #expect(bytes == [8, 12][index])
    return Array(memory[12 * place..<12 * place + 12])
  }

  @Test func onlyWhatChangesIsCopiedAgain() {
    var places = FramePlaces(count: 2)
    var memory = [UInt8](repeating: 0, count: 24)
    var batch = Self.batch(1, changing: 1..<5)
    func bytes(_ parts: (UInt8, Int)...) -> [UInt8] {
      parts.flatMap { [UInt8](repeating: $0.0, count: $0.1) }
    }
    #expect(Self.copy(0, of: batch, to: 0, &places, &memory) == bytes((1, 8), (0, 4)))
    Self.fill(&batch, 2)
    let again = Self.copy(0, of: batch, to: 0, &places, &memory)
    #expect(again == bytes((1, 1), (2, 4), (1, 3), (0, 4)))
    // A frame that reaches farther than what is held.
    #expect(Self.copy(1, of: batch, to: 0, &places, &memory) == bytes((2, 12)))
    Self.fill(&batch, 3)
    #expect(Self.copy(0, of: batch, to: 0, &places, &memory) == bytes((2, 1), (3, 4), (2, 7)))
    // The other place holds nothing yet.
    #expect(Self.copy(0, of: batch, to: 1, &places, &memory) == bytes((3, 8), (0, 4)))
    // What another batch holds is not this one's.
    let other = Self.batch(4, changing: 1..<5)
    #expect(Self.copy(0, of: other, to: 0, &places, &memory) == bytes((4, 8), (2, 4)))
  }

  @Test func withoutAPromiseAllIsCopied() {
    var places = FramePlaces(count: 2)
    var memory = [UInt8](repeating: 0, count: 24)
    var batch = Self.batch(1)
    for value in [UInt8(5), 6, 7] {
      Self.fill(&batch, value)
      let held = Self.copy(1, of: batch, to: 1, &places, &memory)
      #expect(held == [UInt8](repeating: value, count: 12))
    }
  }

  /// Whatever the way in which it is copied, each byte comes to its place, and no other is touched.
  @Test func everyRangeIsCopiedExactly() {
    for first in [0, 1, 34] {
      for last in (first + 1)...131 {
        var batch = FrameBatch(capacity: 2, frameBytes: 130)
        batch.withFrame(1) { frame in
          for offset in 0..<130 { frame.storeBigEndian(UInt8(offset + 1), at: offset) }
        }
        var memory = [UInt8](repeating: 0, count: 140)
        unsafe memory.withUnsafeMutableBytes { buffer in
          if let start = buffer.baseAddress { unsafe batch.copyFrame(1, first..<last, to: start) }
        }
        let range = first..<min(last, 130)
        let wanted = (0..<140).map { range.contains($0) ? UInt8($0 + 1) : 0 }
        #expect(memory == wanted, "bytes \(first)..<\(last)")
      }
    }
  }

  /// What begins behind a frame's end has nothing of it.
  @Test func aFrameThatEndsBeforeItIsLeftAlone() {
    var memory = [UInt8](repeating: 0, count: 140)
    var batch = FrameBatch(capacity: 1, frameBytes: 60)
    batch.withFrame(0) { frame in
      for offset in 0..<60 { frame.storeBigEndian(UInt8(1), at: offset) }
    }
    unsafe memory.withUnsafeMutableBytes { buffer in
      if let start = buffer.baseAddress { unsafe batch.copyFrame(0, 80..<90, to: start) }
    }
    #expect(memory == [UInt8](repeating: 0, count: 140))
  }
}
