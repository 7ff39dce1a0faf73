import Kernel
import Lab
import TestSupport
import Testing
import Traffic

@Suite(.serialized, .enabled(if: LabTier.isOn, "\(LabTier.reason)"))
struct FanoutGroupTests {
  /// Each group hears every frame, and of each group one ring, as long as none has the other's number.
  @Test func aGroupsFramesAreItsOwn() throws {
    let lab = try Lab.make(.veth, named: Lab.randomName(), queues: 1)
    defer { lab.remove() }
    let (first, second) = (FanoutGroup(), FanoutGroup())
    func ring(in group: FanoutGroup) throws -> PacketRing {
      let ring = try PacketRing(on: lab.receiver.device, fanout: group)
      try ring.setListening(true)
      return ring
    }
    func frames(_ ring: inout PacketRing) throws -> Int {
      var frames = 0
      // The kernel keeps a block that is not full for a moment.
      while case let taken = try ring.receive(waiting: 100, { _, _ in }), taken > 0 {
        frames += taken
      }
      return frames
    }
    var one = try ring(in: first)
    var two = try ring(in: first)
    var three = try ring(in: second)
    var four = try ring(in: second)
    let socket = try PacketSocket(sendingOn: lab.sender.device, bypassingQdisc: false)
    let batch = FrameBatch.manyFlows(across: lab)
    try #require(try socket.send(batch, 0..<batch.capacity).accepted == batch.capacity)
    for shares in try [[frames(&one), frames(&two)], [frames(&three), frames(&four)]] {
      #expect(shares.reduce(0, +) == batch.capacity)
      #expect(shares.allSatisfy { $0 > 60 }, "\(shares)")
    }
  }
}
