import SystemPackage
import Testing

@testable import Netlink

/// Questions that need no privilege, to the kernel the test runs on.
@Suite struct SessionTests {
  /// `RTM_GETLINK` and `NLM_F_DUMP`.
  static let links = NetlinkRequest(
    "list links", type: 18, flags: 0x300, payload: [UInt8](repeating: 0, count: 16))

  @Test func dumpListsLinks() throws {
    let session = try NetlinkSession()
    let replies = try session.request(Self.links)
    #expect(!replies.isEmpty)
    #expect(replies.allSatisfy { $0.type == 16 && $0.payload.count > 16 })
  }

  @Test func refusalCarriesErrnoAndTheKernelsText() throws {
    let session = try NetlinkSession()
    var header = MessageBuilder([0, 0, 0, 0])
    header.append(Int32.max)
    header.append(UInt64(0))
    let missing = NetlinkRequest("get link", type: 18, payload: header.bytes)
    for _ in 0..<3 {
      #expect(throws: NetlinkError("get link", Errno(rawValue: 19))) {
        try session.request(missing)
      }
    }
    // IFLA_NUM_TX_QUEUES with one byte instead of four breaks the kernel's policy.
    header.attribute(31, UInt8(1))
    let nonsense = NetlinkRequest("ask nonsense", type: 18, payload: header.bytes)
    let error = #expect(throws: NetlinkError.self) { try session.request(nonsense) }
    #expect(error?.message?.contains("ttribute") == true)
    #expect(try !session.request(Self.links).isEmpty)
  }

  @Test func genericFamilyAnswers() throws {
    let session = try NetlinkSession()
    // CTRL_CMD_GETFAMILY of the controller itself.
    var attributes = MessageBuilder()
    attributes.attribute(2, "nlctrl")
    let replies = try session.request(
      "get family", family: "nlctrl", command: 3, attributes: attributes.bytes)
    #expect(replies.count == 1)
    #expect(try replies.first.map { try AttributeReader($0.attributes)[2]?.string } == "nlctrl")
    #expect(throws: NetlinkError.self) {
      try session.request("ask", family: "no-such-family", command: 1, attributes: [])
    }
    #expect(try !session.request(Self.links).isEmpty)
  }

  @Test func threadsTakeTurns() async throws {
    let session = try NetlinkSession()
    let expected = try session.request(Self.links).count
    try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<8 { group.addTask { try session.request(Self.links).count } }
      for try await count in group { #expect(count == expected) }
    }
  }

  @Test func closedSessionThrows() throws {
    let session = try NetlinkSession()
    session.close()
    session.close()
    #expect(throws: NetlinkError("use a closed netlink session", .socketNotConnected)) {
      try session.request(Self.links)
    }
  }
}
