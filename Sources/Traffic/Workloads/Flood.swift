import Kernel

extension FrameSender where Sink: ~Copyable {
  /// Sends as many frames as the kernel takes, for so many nanoseconds.
  package mutating func flood(nanoseconds: UInt64) throws {
    let deadline = MonotonicTime.now() + nanoseconds
    repeat {
      try offer(batchFrames, until: deadline)
    } while MonotonicTime.now() < deadline
  }
}
