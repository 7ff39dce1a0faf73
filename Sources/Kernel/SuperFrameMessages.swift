import CLinux

/// What the kernel takes of a batch of which several frames in a row make one super-frame: a head if
/// there is one, then the frames.
///
/// Safe: the memory is allocated once, freed once; heads and vectors are chosen by indices that are
/// checked against it, and the batch outlives the call that reads them.
@safe struct SuperFrameMessages: ~Copyable, @unchecked Sendable {
  /// Frames of one super-frame.
  let unit: Int
  private let headBytes: Int
  private let headCount: Int
  /// Where in a super-frame's first frame the number of its head stands, in one byte.
  private let selector: Int
  private let heads: UnsafeMutableRawPointer
  private let vectors: UnsafeMutablePointer<iovec>
  private let messages: UnsafeMutablePointer<kvmtune_mmsghdr>

  /// - Parameter heads: all of one length; none for super-frames without.
  init(unit: Int, heads: [[UInt8]] = [], selector: Int = 0) {
    precondition((1...FrameBatch.limit).contains(unit) && selector >= 0)
    let length = heads.first?.count ?? 0
    precondition(heads.allSatisfy { $0.count == length })
    self.unit = unit
    self.selector = selector
    headBytes = length
    headCount = heads.count
    unsafe self.heads = .allocate(byteCount: max(1, length * heads.count), alignment: 64)
    for (number, head) in heads.enumerated() {
      for (offset, byte) in head.enumerated() {
        unsafe self.heads.storeBytes(
          of: byte, toByteOffset: number * length + offset, as: UInt8.self)
      }
    }
    unsafe vectors = .allocate(capacity: 2 * FrameBatch.limit)
    unsafe vectors.initialize(repeating: iovec(), count: 2 * FrameBatch.limit)
    unsafe messages = .allocate(capacity: FrameBatch.limit)
    unsafe messages.initialize(repeating: kvmtune_mmsghdr(), count: FrameBatch.limit)
  }

  deinit {
    unsafe messages.deallocate()
    unsafe vectors.deallocate()
    unsafe heads.deallocate()
  }

  /// Puts whole super-frames together.
  ///
  /// - Returns: how many there are.
  private func prepare(_ batch: borrowing FrameBatch, _ frames: Range<Int>) -> Int {
    precondition(frames.count % unit == 0 && frames.count <= FrameBatch.limit)
    let count = frames.count / unit
    let stride = headCount > 0 ? unit + 1 : unit
    for number in 0..<count {
      let first = frames.lowerBound + number * unit
      var next = number * stride
      unsafe messages[number].header.msg_iov = unsafe vectors + next
      unsafe messages[number].header.msg_iovlen = stride
      if headCount > 0 {
        let head = batch.byte(at: selector, of: first)
        precondition(head < headCount)
        unsafe vectors[next] = unsafe iovec(
          iov_base: heads + head * headBytes, iov_len: headBytes)
        next += 1
      }
      for index in 0..<unit { unsafe vectors[next + index] = unsafe batch.vector(first + index) }
    }
    return count
  }

  /// Sends what a socket takes at once, with one sendmmsg(2).
  func send(
    _ batch: borrowing FrameBatch, _ frames: Range<Int>, through socket: CInt, flags: CInt = 0
  ) -> Int {
    let count = prepare(batch, frames)
    let sent = unsafe kvmtune_sendmmsg(socket, messages, UInt32(count), CInt(MSG_DONTWAIT) | flags)
    return sent < 0 ? -1 : Int(sent) * unit
  }

  /// Writes one after the other to a TAP queue, until one is not taken: writev(2).
  ///
  /// - Returns: frames that were taken, and whether all were.
  func write(_ batch: borrowing FrameBatch, _ frames: Range<Int>, to queue: CInt) -> (Int, Bool) {
    let count = prepare(batch, frames)
    for number in 0..<count {
      let header = unsafe messages[number].header
      if unsafe writev(queue, header.msg_iov, CInt(header.msg_iovlen)) < 0 {
        return (number * unit, false)
      }
    }
    return (frames.count, true)
  }
}
