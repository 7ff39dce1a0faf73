/// A virtqueue of frames from the driver of a virtio NIC, each in one buffer with its header.
///
/// Safe: a buffer is written only while it is ours, between taking it back from the device and
/// offering it, and the copy is checked to fit.
@safe struct VirtioTransmitQueue: Sendable {
  private var queue: VirtioQueue
  /// Buffers that are ours.
  private var free: [Int]
  private var places: FramePlaces

  init(_ queue: VirtioQueue) {
    self.queue = queue
    free = Array(0..<queue.entries)
    places = FramePlaces(count: queue.entries)
  }

  /// Copies frames to buffers, as many as are free, and shows them to the device.
  ///
  /// - Returns: how many frames were taken, and whether the device wants to be kicked.
  /// - Throws: `EPROTO` if the ring makes no sense.
  mutating func send(_ batch: borrowing FrameBatch, _ frames: Range<Int>) throws(SystemCallError)
    -> (count: Int, needsKick: Bool)
  {
    while let used = try queue.take() { free.append(used.buffer) }
    let count = min(frames.count, free.count)
    for index in frames.prefix(count) {
      let number = free.removeLast()
      let buffer = unsafe queue.buffer(number)
      let bytes = batch.headedBytes(index)
      guard let start = buffer.baseAddress, bytes <= buffer.count else {
        preconditionFailure("a buffer has room for a frame")
      }
      // The virtio-net header of a frame without offloads.
      unsafe start.initializeMemory(as: UInt8.self, repeating: 0, count: TapDevice.headerBytes)
      _ = unsafe places.copy(index, of: batch, to: number, at: start + TapDevice.headerBytes)
      queue.offer(number, bytes: bytes)
    }
    return (count, queue.publish())
  }

  /// Asks the device to call when it has used three quarters of what it holds; true if it has.
  func requestCall() -> Bool { queue.requestCall(after: max(1, queue.held * 3 / 4)) }
}
