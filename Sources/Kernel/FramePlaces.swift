/// Places of a ring that is shared with the kernel, and what of a frame each of them holds already.
///
/// The kernel only reads there. So of a frame that is sent again and again, only what changes is
/// copied anew: of one that fills an MTU that is a small part.
struct FramePlaces: Sendable {
  /// The batch that the places hold frames of.
  private var batch: UInt64 = 0
  /// Bytes that each place holds.
  private var held: [Int]

  init(count: Int) { held = [Int](repeating: 0, count: count) }

  /// Copies a frame to memory that has room for the largest of its batch, and is always the same for
  /// a place.
  ///
  /// - Returns: the bytes of the frame.
  @inline(__always) mutating func copy(
    _ index: Int, of frames: borrowing FrameBatch, to place: Int, at memory: UnsafeMutableRawPointer
  ) -> Int {
    if batch != frames.number {
      batch = frames.number
      held = [Int](repeating: 0, count: held.count)
    }
    let bytes = frames.bytes(of: index)
    let isHeld = held[place] >= bytes
    unsafe frames.copyFrame(index, isHeld ? frames.changing : 0..<bytes, to: memory)
    if !isHeld { held[place] = bytes }
    return bytes
  }
}
