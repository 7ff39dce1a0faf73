import SystemPackage
import Testing

@testable import Kernel

/// Frames through virtqueues, against a device on plain memory.
@Suite struct VirtioFrameTests {
  private func frame(_ count: Int, _ seed: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ seed) }
  }

  private func receiver(entries: Int = 8, buffer: Int = 64) -> (VirtioReceiveQueue, FakeDevice) {
    let device = FakeDevice(entries: entries, buffer: buffer)
    let queue = unsafe VirtioQueue(
      entries: entries, bufferBytes: buffer, .receive, memory: device.memory)
    return (VirtioReceiveQueue(queue), device)
  }

  private func bytes(_ span: RawSpan) -> [UInt8] {
    unsafe span.withUnsafeBytes { unsafe Array($0) }
  }

  /// What ``VirtioReceiveQueue/receive(limit:_:)`` gives, with the frames.
  private func receive(_ queue: inout VirtioReceiveQueue, limit: Int = 64) throws
    -> (frames: [[UInt8]], needsKick: Bool)
  {
    var frames: [[UInt8]] = []
    let (count, needsKick) = try queue.receive(limit: limit) { frames.append(bytes($0)) }
    #expect(count == frames.count)
    return (frames, needsKick)
  }

  /// From less than a buffer to all of them, and the ring many times over.
  @Test func framesArriveWhole() throws {
    var (queue, device) = receiver()
    var generator = FixedGenerator()
    for seed in 0..<20_000 {
      let sent = frame(.random(in: 0...(8 * 64 - 12), using: &generator), seed)
      device.deliver(sent)
      let arrived = try receive(&queue).frames
      #expect(arrived == [sent])
    }
  }

  @Test func aBudgetIsKept() throws {
    var (queue, device) = receiver()
    for seed in 0..<5 { device.deliver(frame(20, seed)) }
    #expect(queue.requestCall())
    let counts = try (0..<3).map { _ in try receive(&queue, limit: 3).frames.count }
    #expect(counts == [3, 2, 0])
    #expect(!queue.requestCall())
  }

  @Test func aDeviceWithoutBuffersIsKicked() throws {
    var (queue, device) = receiver(entries: 2)
    device.deliver(frame(100, 1))
    device.wantsKick(at: 2)
    let first = try receive(&queue).needsKick
    #expect(first)
    device.deliver(frame(100, 1))
    let second = try receive(&queue).needsKick
    #expect(!second)
  }

  @Test(arguments: [0, 2, 3, 9, 65_535]) func aWrongNumberOfBuffersIsAnError(claimed: Int) throws {
    var (queue, device) = receiver()
    device.deliver(frame(20, 1), buffers: claimed)
    var count = 0
    let error = #expect(throws: SystemCallError.self) {
      try queue.receive(limit: 64) { _ in count += 1 }
    }
    #expect(error?.errno == Errno(rawValue: 71))
    #expect(count == 0)
  }

  @Test(arguments: [0, 1, 11]) func aFrameWithoutItsHeaderIsAnError(bytes: Int) throws {
    var (queue, device) = receiver()
    device.giveBack(try #require(device.take()).number, bytes: bytes)
    #expect(throws: SystemCallError.self) { try receive(&queue) }
  }

  @Test func framesLeaveInOrderUntilTheRingIsFull() throws {
    let device = FakeDevice(entries: 4, buffer: 128)
    var queue = unsafe VirtioTransmitQueue(
      VirtioQueue(entries: 4, bufferBytes: 128, .transmit, memory: device.memory))
    var batch = FrameBatch(capacity: 10, frameBytes: 60)
    for index in 0..<10 { batch.withFrame(index) { $0.copy(from: frame(60, index)) } }
    var sent = 0
    while sent < 10 {
      let outcome = try queue.send(batch, sent..<10)
      #expect(outcome.count == min(4, 10 - sent))
      let beyond = try queue.send(batch, 0..<(4 - outcome.count))
      #expect(beyond.count == 4 - outcome.count)
      let full = try queue.send(batch, 0..<1)
      #expect(full.count == 0)
      #expect(!queue.requestCall())
      for index in sent..<(sent + outcome.count) {
        #expect(device.send() == [UInt8](repeating: 0, count: 12) + frame(60, index))
      }
      while device.send() != nil {}
      #expect(queue.requestCall())
      sent += outcome.count
    }
  }
}
