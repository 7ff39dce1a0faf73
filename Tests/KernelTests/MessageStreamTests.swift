import Glibc
import Kernel
import Testing

/// A stream whose far end is in the hands of somebody hostile.
@Suite struct MessageStreamTests {
  private static func soon() -> MonotonicTime { .now() + 100_000_000 }

  /// Bytes that came from the far end, and what the near end made of them.
  private static func receive(_ bytes: [UInt8], closing: Bool = true) throws
    -> Result<MessageStream.Message, MessageStream.Failure>
  {
    let near: MessageStream
    let far: CInt
    do {
      let pair = try StreamPair()
      far = dup(pair.far.rawValue)
      near = try MessageStream(adopting: pair.nearEnd())
    }
    #expect(unsafe write(far, bytes, bytes.count) == bytes.count)
    if closing { close(far) }
    defer { if !closing { close(far) } }
    do throws(MessageStream.Failure) {
      return .success(try near.receive(by: soon()))
    } catch {
      return .failure(error)
    }
  }

  private static func header(length: UInt32) -> [UInt8] {
    Array("KVMT".utf8) + withBytes(length) + [0, 0, 0, 0, 0, 0, 0, 9]
  }

  private static func withBytes(_ value: UInt32) -> [UInt8] {
    (0..<4).reversed().map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }

  @Test func aMessageComesAsItWasSent() throws {
    let pair = try StreamPair()
    let copy = OwnedDescriptor(adopting: dup(pair.far.rawValue))
    let near = try MessageStream(adopting: pair.nearEnd())
    let far = try MessageStream(adopting: copy)
    let sent = MessageStream.Message(number: 1 << 40, body: (0..<70_000).map { UInt8($0 % 251) })
    try near.send(sent, by: Self.soon())
    #expect(try far.receive(by: Self.soon()) == sent)
    try far.send(MessageStream.Message(number: 0, body: []), by: Self.soon())
    #expect(try near.receive(by: Self.soon()).body.isEmpty)
  }

  @Test func theWireIsAsDocumented() throws {
    let bytes = Self.header(length: 2) + [7, 8]
    #expect(
      try Self.receive(bytes) == .success(MessageStream.Message(number: 9, body: [7, 8])))
  }

  @Test func nonsenseIsRefused() throws {
    let other = Array("GET / HTTP/1.1\r\n".utf8)
    #expect(try Self.receive(other) == .failure(.malformed("it does not begin with KVMT")))
    for length in [UInt32.max, UInt32(MessageStream.limit) + 1] {
      let reason = "a length of \(length) bytes"
      #expect(try Self.receive(Self.header(length: length)) == .failure(.malformed(reason)))
    }
  }

  @Test(arguments: [0, 3, 16, 20]) func anEndInTheMiddleIsAnEnd(_ count: Int) throws {
    let bytes = Array((Self.header(length: 10) + [1, 2, 3, 4, 5]).prefix(count))
    #expect(try Self.receive(bytes) == .failure(.ended))
  }

  @Test func silenceIsLate() throws {
    #expect(try Self.receive(Self.header(length: 10) + [1], closing: false) == .failure(.late))
  }

  @Test func whoeverDoesNotListenIsLate() throws {
    let pair = try StreamPair()
    let far = dup(pair.far.rawValue)
    defer { close(far) }
    let near = try MessageStream(adopting: pair.nearEnd())
    let large = MessageStream.Message(number: 1, body: [UInt8](repeating: 0, count: 8 << 20))
    var failure: MessageStream.Failure?
    do throws(MessageStream.Failure) {
      try near.send(large, by: Self.soon())
    } catch {
      failure = error
    }
    #expect(failure == .late)
  }

  /// Were it to raise `SIGPIPE`, whoever speaks to a dead guest would be dead too.
  @Test func whoeverIsGoneIsAnErrorAndNoSignal() throws {
    let near = try MessageStream(adopting: StreamPair().nearEnd())
    #expect(throws: MessageStream.Failure.ended) {
      try near.send(MessageStream.Message(number: 1, body: [1]), by: Self.soon())
    }
  }
}
