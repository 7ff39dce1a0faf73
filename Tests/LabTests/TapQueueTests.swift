import Kernel
import Lab
import TestSupport
import Testing
import Traffic

@Suite(.serialized, .enabled(if: LabTier.isOn, "\(LabTier.reason)"))
struct TapQueueTests {
  /// Whoever asks for so many has room for so many, and no queue waits for another to be empty.
  @Test func queuesShareOneLimitAndTakeTurns() throws {
    let lab = try Lab.make(.bridgeTap, named: Lab.randomName(), queues: 3)
    defer { lab.remove() }
    let tap = try #require(lab.receiver.tap)
    let numbers = tap.queues.indices
    try #require(numbers.count == 3)
    let socket = try PacketSocket(sendingOn: lab.sender.device, bypassingQdisc: false)
    let batch = FrameBatch.manyFlows(across: lab)
    func held() throws -> [Int] {
      try numbers.map { number in
        var queue = TapQueue(tap, number..<(number + 1))
        return try queue.receive(limit: 1000, waiting: 0) { _, _ in }
      }
    }

    #expect(try socket.send(batch, 0..<batch.capacity).accepted == batch.capacity)
    let dealt = try held()
    try #require(dealt.reduce(0, +) == batch.capacity && dealt.allSatisfy { $0 > 40 }, "\(dealt)")

    var all = TapQueue(tap, numbers)
    #expect(try socket.send(batch, 0..<batch.capacity).accepted == batch.capacity)
    for _ in numbers {
      #expect(try all.receive(limit: 32, waiting: 0) { _, _ in } == 32)
    }
    #expect(try held() == dealt.map { $0 - 32 })

    #expect(try socket.send(batch, 0..<batch.capacity).accepted == batch.capacity)
    #expect(try all.receive(limit: 1000, waiting: 0) { _, _ in } == batch.capacity)
    #expect(try all.receive(limit: 1000, waiting: 0) { _, _ in } == 0)
  }
}
