import Kernel
import Testing

@testable import Netlink

@Suite struct LinkRequestTests {
  @Test func upNamesTheOneFlagThatChanges() {
    let up = NetlinkRequest.up(true, 7)
    #expect(up.payload == [0, 0, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0])
    let down = NetlinkRequest.up(false, 7)
    #expect(down.payload == [0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0])
    #expect(down.description == "set link 7 down")
  }

  @Test func vethTellsBothEnds() throws {
    let request = try NetlinkRequest.createVeth(
      named: "left", peer: "right", peerNamespace: 9, queues: 3)
    #expect(request.type == 16)
    // NLM_F_CREATE | NLM_F_EXCL.
    #expect(request.flags & 0x600 == 0x600)
    let here = try AttributeReader(request.payload, after: 16)
    #expect(here[3]?.string == "left")
    #expect(try here[31]?.uint32() == 3)
    #expect(try here[32]?.uint32() == 3)
    #expect(here[28] == nil)
    let information = try #require(try here[18]?.nested())
    #expect(information[1]?.string == "veth")
    let data = try #require(try information[2]?.nested())
    let peer = try #require(data[1])
    let there = try AttributeReader(peer.bytes.dropFirst(16))
    #expect(there[3]?.string == "right")
    #expect(try there[31]?.uint32() == 3)
    #expect(try there[32]?.uint32() == 3)
    #expect(try there[28]?.uint32() == 9)
  }

  @Test func bridgeIsSilent() throws {
    let here = try AttributeReader(
      NetlinkRequest.createBridge(named: "bridge").payload, after: 16)
    let information = try #require(try here[18]?.nested())
    #expect(information[1]?.string == "bridge")
    let data = try #require(try information[2]?.nested())
    #expect(try data[1]?.uint32() == 0)
    #expect(try data[5]?.uint32() == 0)
    #expect(try data[23]?.uint8() == 0)
  }
}
