import Kernel
import Lab
import Netlink
import TestSupport
import Testing

@testable import Traffic

/// sendmmsg(2) says how many frames it took, never why it stopped: what a socket makes of it.
@Suite(.serialized, .enabled(if: LabTier.isOn, "\(LabTier.reason)"))
struct ShortCountTests {
  /// Sends batches of 64 until one is not taken whole.
  private static func firstShort(_ send: () throws -> SendOutcome) throws -> SendOutcome {
    for _ in 0..<1000 {
      let outcome = try send()
      if outcome.accepted < 64 { return outcome }
    }
    throw TrafficFailure("no call was short")
  }

  /// A queue that hardly drains and is longer than the send buffer: the buffer fills up in the midst
  /// of a batch, and no frame is refused.
  @Test func aFullBufferSaysSo() throws {
    let lab = try Lab.make(.veth, named: Lab.randomName(), queues: 1)
    defer { lab.remove() }
    let device = lab.sender.device
    try lab.tool(
      "tc", "qdisc add dev a root tbf rate 8kbit burst 128 limit 100000000", at: device)
    let batch = FrameBatch.experiment(to: lab.receiver.address, from: lab.sender.address)
    let socket = try PacketSocket(sendingOn: device, bypassingQdisc: false, bufferBytes: 100_000)
    let packet = try Self.firstShort { try socket.send(batch, 0..<64) }
    #expect(packet.obstacle == .full, "\(packet)")
    let peer = SocketAddress(try #require(lab.receiver.ipv4), port: 9)
    let sink = DatagramSink(try DatagramSocket(in: device.namespace, peer: peer))
    let datagram = try Self.firstShort { try sink.send(batch, 0..<64) }
    #expect(datagram.obstacle == .full, "\(datagram)")
    let session = try NetlinkSession(in: device.namespace)
    defer { session.close() }
    #expect(try DropCounter.qdisc(of: device, session).read() == 0)
  }

  /// A short queue refuses frames while there is room in the buffer.
  @Test func aRefusalIsLeftToTheNextCall() throws {
    let lab = try Lab.make(.veth, named: Lab.randomName(), queues: 1)
    defer { lab.remove() }
    let device = lab.sender.device
    try lab.tool("tc", "qdisc add dev a root tbf rate 8kbit burst 128 limit 6000", at: device)
    let batch = FrameBatch.experiment(to: lab.receiver.address, from: lab.sender.address)
    let socket = try PacketSocket(sendingOn: device, bypassingQdisc: false)
    let short = try Self.firstShort { try socket.send(batch, 0..<64) }
    #expect(short.accepted > 0 && short.obstacle == nil, "\(short)")
    #expect(
      try socket.send(batch, short.accepted..<64) == SendOutcome(accepted: 0, obstacle: .refused))
  }

  /// A sender that is faster than a path with a long queue: its buffer is full all the time, and it
  /// books as many refusals as the queue does.
  @Test func aSenderBooksTheRefusalsOfTheQueue() throws {
    for limit in [100_000_000, 60_000] {
      let lab = try Lab.make(.veth, named: Lab.randomName(), queues: 1)
      defer { lab.remove() }
      let device = lab.sender.device
      try lab.tool(
        "tc", "qdisc add dev a root tbf rate 10mbit burst 3000 limit \(limit)", at: device)
      let template = FrameTemplate(
        frameBytes: 60, from: lab.sender.address, to: lab.receiver.address, run: 1)
      var sender = FrameSender(
        into: try PacketSocket(sendingOn: device, bypassingQdisc: false, bufferBytes: 1 << 20),
        template: template, flows: 0..<1, batch: 64, issued: IssueCounter())
      sender.begin()
      let deadline = MonotonicTime.now() + 200_000_000
      while MonotonicTime.now() < deadline { try sender.offer(64, until: deadline) }
      let session = try NetlinkSession(in: device.namespace)
      defer { session.close() }
      let dropped = try DropCounter.qdisc(of: device, session).read()
      #expect(sender.report.refused == dropped, "\(limit): \(sender.report)")
      // The one meets full buffers, the other refusals.
      #expect(limit > 1_000_000 ? sender.report.waits > 0 && dropped == 0 : dropped > 0)
    }
  }
}
