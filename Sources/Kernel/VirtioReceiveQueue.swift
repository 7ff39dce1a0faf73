/// A virtqueue of frames for the driver of a virtio NIC, with merged buffers (virtio 1.2,
/// section 5.1.6.4).
///
/// Safe: a span of a buffer is lent while the buffer is ours, between taking it from the device
/// and giving it back, and is as long as what the device wrote, which was checked.
@safe struct VirtioReceiveQueue: Sendable {
  private var queue: VirtioQueue
  /// A frame that came in several buffers.
  private var joined: [UInt8] = []

  /// Gives all buffers to the device.
  init(_ queue: VirtioQueue) {
    self.queue = queue
    for number in 0..<queue.entries { self.queue.offer(number) }
    // No kick: a device looks at its ring when it begins.
    _ = self.queue.publish()
  }

  /// Hands over at most `limit` frames without their virtio-net headers, and gives their buffers
  /// back.
  ///
  /// - Returns: how many frames `body` was given, and whether the device wants to be kicked.
  /// - Throws: `EPROTO` if the ring makes no sense.
  mutating func receive(limit: Int, _ body: (RawSpan) -> Void) throws(SystemCallError)
    -> (count: Int, needsKick: Bool)
  {
    var count = 0
    while count < limit, let first = try queue.take() {
      try lend(first, body)
      count += 1
    }
    return (count, queue.publish())
  }

  /// Asks the device to call when it has another frame; true if one is there already.
  func requestCall() -> Bool { queue.requestCall(after: 1) }

  /// Gives `body` the frame that begins in a buffer.
  private mutating func lend(_ first: VirtioQueue.Used, _ body: (RawSpan) -> Void)
    throws(SystemCallError)
  {
    guard first.bytes >= TapDevice.headerBytes else {
      throw VirtioQueue.nonsense("\(first.bytes) bytes for a frame with its header")
    }
    let bytes = unsafe UnsafeRawBufferPointer(queue.buffer(first.buffer))
    let frame = unsafe UnsafeRawBufferPointer(
      rebasing: bytes[TapDevice.headerBytes..<first.bytes])
    // `num_buffers`, the last member of struct virtio_net_hdr_mrg_rxbuf.
    let buffers = unsafe Int(bytes[10]) | Int(bytes[11]) << 8
    if buffers == 1 {
      body(unsafe RawSpan(_unsafeBytes: frame))
    } else {
      unsafe joined.replaceSubrange(0..., with: frame)
      try join(buffers)
      unsafe joined.withUnsafeBytes { body(unsafe RawSpan(_unsafeBytes: $0)) }
    }
    queue.offer(first.buffer)
  }

  /// Adds the rest of a frame in `count` buffers: they all are there, if one of them is.
  private mutating func join(_ count: Int) throws(SystemCallError) {
    guard count > 0 else { throw VirtioQueue.nonsense("a frame in no buffer") }
    for _ in 1..<count {
      guard let next = try queue.take() else {
        throw VirtioQueue.nonsense("less than the \(count) buffers of a frame")
      }
      unsafe joined.append(contentsOf: queue.buffer(next.buffer)[..<next.bytes])
      queue.offer(next.buffer)
    }
  }
}
