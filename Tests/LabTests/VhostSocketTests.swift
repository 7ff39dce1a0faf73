import Kernel
import Lab
import TestSupport
import Testing

@testable import Traffic

/// What a vhost worker would take frames from, where nobody takes any.
@Suite(.serialized, .enabled(if: LabTier.isOn, "\(LabTier.reason)"))
struct VhostSocketTests {
  @Test func framesWithoutRoomAreCounted() throws {
    let lab = try Lab.make(.veth, named: Lab.randomName(), queues: 1)
    defer { lab.remove() }
    let socket = try VhostSocket(on: lab.receiver.device, fanout: nil)
    let template = FrameTemplate(
      frameBytes: 60, from: lab.sender.address, to: lab.receiver.address, run: 9)
    let sender = try PacketSocket(sendingOn: lab.sender.device, bypassingQdisc: false)
    var batch = FrameBatch(capacity: 100, frameBytes: 60)
    for index in 0..<100 { batch.withFrame(index) { template.fill(&$0) } }
    func send(_ frames: Int) throws -> UInt64 {
      var accepted = 0
      while accepted < frames { accepted += try sender.send(batch, 0..<100).accepted }
      // The last of them may still be on their way through the backlog.
      (MonotonicTime.now() + 50_000_000).sleepUntil()
      return try socket.takeDrops()
    }
    #expect(try send(100) == 0)
    try socket.setListening(true)
    #expect(try send(100) == 0)
    var dropped: UInt64 = 0
    for _ in 0..<100 where dropped == 0 { dropped = try send(1000) }
    #expect(dropped > 0)
    #expect(try send(1000) == 1000)
  }
}
