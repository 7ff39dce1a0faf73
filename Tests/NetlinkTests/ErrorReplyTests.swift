import Testing

@testable import Netlink

@Suite struct ErrorReplyTests {
  /// −EINVAL to a request of 40 bytes, cut off at its header, with "mtu too big" as the reason.
  static let refusal: [UInt8] =
    [0xEA, 0xFF, 0xFF, 0xFF]
    + [0x28, 0, 0, 0, 0x10, 0, 0x05, 0, 1, 0, 0, 0, 0, 0, 0, 0]
    + [0x10, 0x00, 0x01, 0x00] + Array("mtu too big\0".utf8)

  /// `NLM_F_CAPPED | NLM_F_ACK_TLVS`.
  static let flags: UInt16 = 0x300

  @Test func reasonIsRead() throws {
    let reply = try ErrorReply(flags: Self.flags, payload: Self.refusal)
    #expect(reply.errno == 22)
    #expect(reply.text == "mtu too big")
  }

  @Test func echoedRequestIsSkipped() throws {
    let echo = [UInt8](repeating: 0xAA, count: 24)
    let payload = Self.refusal.prefix(20) + echo + Self.refusal.dropFirst(20)
    #expect(try ErrorReply(flags: 0x200, payload: Array(payload)).text == "mtu too big")
  }

  @Test func withoutAttributesThereIsNoReason() throws {
    #expect(try ErrorReply(flags: 0x100, payload: Array(Self.refusal.prefix(20))).text == nil)
  }

  @Test func everyTruncationThrowsOrIsRead() {
    for length in 0..<20 {
      #expect(throws: MalformedMessage.self) {
        try ErrorReply(flags: Self.flags, payload: Array(Self.refusal.prefix(length)))
      }
    }
    for length in 24..<Self.refusal.count {
      #expect(throws: MalformedMessage.self) {
        try ErrorReply(flags: Self.flags, payload: Array(Self.refusal.prefix(length)))
      }
    }
  }

  @Test func lengthOfTheEchoMayLie() {
    var lying = Self.refusal
    lying.replaceSubrange(4..<8, with: [0xFF, 0xFF, 0xFF, 0xFF])
    #expect(throws: MalformedMessage.self) { try ErrorReply(flags: 0x200, payload: lying) }
  }

  @Test func dumpEndIsRead() {
    let payload = Array(Self.refusal.prefix(4) + Self.refusal.dropFirst(20))
    let reply = ErrorReply(dumpEndedWith: -22, flags: 0x200, payload: payload)
    #expect(reply.errno == 22)
    #expect(reply.text == "mtu too big")
    #expect(ErrorReply(dumpEndedWith: .min, flags: 0x200, payload: [1]).errno == .max)
  }

  @Test func errorSaysWhatWasAskedAndWhy() {
    let error = NetlinkError("set mtu of link 7", .invalidArgument, message: "mtu too big")
    #expect(error.description == "set mtu of link 7: Invalid argument (mtu too big)")
  }
}
