import SystemPackage
import Testing

@testable import Kernel

/// The driver's side of a virtqueue against a device on plain memory.
@Suite struct VirtioQueueTests {
  private func make(entries: Int, _ role: VirtioQueue.Role = .receive, buffer: Int = 64)
    -> (VirtioQueue, FakeDevice)
  {
    let device = FakeDevice(entries: entries, buffer: buffer)
    return unsafe (
      VirtioQueue(entries: entries, bufferBytes: buffer, role, memory: device.memory), device
    )
  }

  /// The areas lie as the specification has them (2.7): aligned to 16, 2 and 4, without overlap.
  @Test(arguments: [1, 2, 256, 32_768]) func areasLieApart(entries: Int) {
    let available = VirtioQueue.availableOffset(entries: entries)
    let used = VirtioQueue.usedOffset(entries: entries)
    #expect(available == 16 * entries)
    #expect(used.isMultiple(of: 4))
    #expect(used >= available + 6 + 2 * entries)
    #expect(
      VirtioQueue.byteCount(entries: entries, buffer: 10)
        >= used + 6 + 8 * entries + 10 * entries)
  }

  @Test func theDeviceSeesWhatIsPublished() throws {
    var (queue, device) = make(entries: 4)
    queue.offer(2)
    #expect(device.take() == nil)
    let wantsKick = queue.publish()
    #expect(wantsKick)
    let seen = try #require(device.take())
    #expect(seen.number == 2)
    #expect(seen.bytes == 64)
    #expect(seen.isWritable)
    let memory = unsafe queue.buffer(2).baseAddress
    #expect(seen.address == UInt64(UInt(bitPattern: memory)))
    let none = try queue.take()
    #expect(none == nil)
    device.giveBack(2, bytes: 17)
    let used = try queue.take()
    #expect(used == VirtioQueue.Used(buffer: 2, bytes: 17))
    #expect(queue.held == 0)
  }

  @Test func nothingNewWantsNoKick() {
    var (queue, device) = make(entries: 4)
    let wantsKick = queue.publish()
    #expect(!wantsKick)
    #expect(device.take() == nil)
  }

  /// Three times round the 16-bit indices, with the device giving back in another order.
  @Test func indicesWrap() throws {
    var (queue, device) = make(entries: 8, .transmit)
    var free = Array(0..<8)
    var sent = 0
    while sent < 200_000 {
      for _ in 0..<(sent % 8 + 1) where !free.isEmpty {
        queue.offer(free.removeFirst(), bytes: 1 + sent % 64)
        sent += 1
      }
      _ = queue.publish()
      var held: [FakeDevice.Buffer] = []
      while let buffer = device.take() { held.append(buffer) }
      for buffer in held.reversed() { device.giveBack(buffer.number) }
      while let used = try queue.take() { free.append(used.buffer) }
      #expect(free.sorted() == Array(0..<8))
    }
    #expect(device.taken == UInt16(truncatingIfNeeded: sent))
  }

  // MARK: Events

  /// What section 2.7.10 means: of the entries that became new, one is the one waited for.
  @Test func dueIsWhatTheSpecificationSays() {
    let starts: [UInt16] = [0, 1, 7, 32_767, 32_768, 65_530, 65_535]
    for before in starts {
      for step in [UInt16(1), 2, 5, 256, 32_768] {
        let now = before &+ step
        for distance in [UInt16(0), 1, 4, 5, 255, 256, 32_767, 32_768, 65_535] {
          let event = before &+ distance
          #expect(VirtioQueue.isDue(event, from: before, to: now) == (distance < step))
        }
      }
      #expect(!VirtioQueue.isDue(before, from: before, to: before))
    }
  }

  /// A device that says where it wants to be kicked is, there and nowhere else, also at the wrap.
  @Test func kicksComeWhereTheyAreWanted() throws {
    var (queue, device) = make(entries: 4, .transmit)
    for index in 0..<70_000 {
      let event = UInt16(truncatingIfNeeded: index / 100 * 100 + 50)
      device.wantsKick(at: event)
      queue.offer(index % 4)
      let wantsKick = queue.publish()
      #expect(wantsKick == (UInt16(truncatingIfNeeded: index) == event))
      let buffer = try #require(device.take())
      device.giveBack(buffer.number)
      _ = try queue.take()
    }
  }

  @Test func callsComeWhereTheyAreWanted() throws {
    var (queue, device) = make(entries: 4, .transmit)
    for round in 0..<30_000 {
      for number in 0..<4 { queue.offer(number) }
      _ = queue.publish()
      #expect(!queue.requestCall(after: 3))
      #expect(device.callIndex == UInt16(truncatingIfNeeded: 4 * round + 2))
      for number in 0..<4 {
        device.giveBack(try #require(device.take()).number)
        #expect(queue.requestCall(after: 3) == (number >= 2))
      }
      while try queue.take() != nil {}
    }
  }

  // MARK: A device that lies

  private func refuse(
    as role: VirtioQueue.Role = .receive, _ lie: (FakeDevice) -> Void, saying words: String
  ) {
    var (queue, device) = make(entries: 4, role)
    for number in 0..<2 { queue.offer(number) }
    _ = queue.publish()
    _ = (device.take(), device.take())
    lie(device)
    let error = #expect(throws: SystemCallError.self) { while try queue.take() != nil {} }
    #expect(error?.errno == Errno(rawValue: 71))
    #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
  }

  @Test func aDeviceIsNotBelieved() {
    refuse({ $0.giveBack(4, bytes: 1) }, saying: "buffer 4")
    refuse({ $0.giveBack(0xFFFF_FFFF) }, saying: "buffer 4294967295")
    refuse({ $0.giveBack(3) }, saying: "buffer 3")
    refuse(
      {
        $0.giveBack(0)
        $0.giveBack(0)
      }, saying: "buffer 0")
    refuse({ $0.giveBack(0, bytes: 65) }, saying: "65 bytes where 64 fit")
    refuse({ $0.giveBack(0, bytes: 0xFFFF_FFFF) }, saying: "4294967295 bytes")
    refuse(as: .transmit, { $0.giveBack(0, bytes: 1) }, saying: "1 bytes where 0 fit")
    refuse({ $0.claimUsed(3) }, saying: "3 buffers of 2")
    refuse({ $0.claimUsed(0xFFFF) }, saying: "65535 buffers of 2")
  }

  /// Garbage all over the device's area: errors at worst, and never another buffer than ours.
  @Test func garbageDoesNotCrash() {
    var generator = FixedGenerator()
    for _ in 0..<2000 {
      var (queue, device) = make(entries: 4)
      for number in 0..<4 { queue.offer(number) }
      _ = queue.publish()
      let start = VirtioQueue.usedOffset(entries: 4)
      for offset in start..<(start + 38) {
        unsafe device.memory[offset] = UInt8.random(in: 0...255, using: &generator) & 7
      }
      do {
        while let used = try queue.take() { #expect(used.buffer < 4 && used.bytes <= 64) }
      } catch {}
      _ = queue.requestCall(after: 1)
    }
  }
}
