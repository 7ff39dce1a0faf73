import CLinux
import Glibc
import SystemPackage

/// Messages over a stream of bytes to somebody who is not trusted, each with a length in front and
/// a moment by which it must be through.
///
/// | offset | bytes | |
/// |---|---|---|
/// | 0 | 4 | `KVMT` |
/// | 4 | 4 | length of the body, at most ``limit``, in network byte order |
/// | 8 | 8 | number of the message; an answer has the number of its question |
/// | 16 | length | the body |
///
/// Use it from one thread at a time. After an error the place in the stream is lost: nothing more
/// can be sent or received.
package struct MessageStream: ~Copyable, Sendable {
  package struct Message: Sendable, Hashable {
    package let number: UInt64
    package let body: [UInt8]

    package init(number: UInt64, body: [UInt8]) {
      self.number = number
      self.body = body
    }
  }

  package enum Failure: Error, Hashable, CustomStringConvertible {
    /// The other end is gone.
    case ended
    /// It did not send or take a message in time.
    case late
    /// What it sent is no message.
    case malformed(String)
    case system(SystemCallError)

    package var description: String {
      switch self {
      case .ended: "the other end is gone"
      case .late: "no answer in time"
      case .malformed(let what): "what came is no message: \(what)"
      case .system(let error): "\(error)"
      }
    }
  }

  /// Bytes of the largest body.
  package static let limit = 16 << 20
  static let magic: [UInt8] = Array("KVMT".utf8)
  static let headerBytes = 16

  private let descriptor: OwnedDescriptor
  /// A virtio-serial port reads as ended while nobody has opened its other side.
  private let waitsForPeer: Bool
  /// Only `send` can be kept from raising `SIGPIPE` when the other end is gone, and it wants a
  /// socket. Whoever hands over a pipe ignores the signal.
  private let isSocket: Bool

  /// - Parameters:
  ///   - descriptor: a socket, a pipe, or a virtio-serial port.
  ///   - waitsForPeer: an end of file means that the other side is not there yet.
  /// - Throws: `SystemCallError` if it cannot be made non-blocking.
  package init(adopting descriptor: consuming OwnedDescriptor, waitsForPeer: Bool = false)
    throws(SystemCallError)
  {
    let raw = descriptor.rawValue
    let flags = try syscall("fcntl(F_GETFL)") { kvmtune_fcntl(raw, F_GETFL, 0) }
    try syscall("fcntl(F_SETFL)") { kvmtune_fcntl(raw, F_SETFL, flags | O_NONBLOCK) }
    var status = stat()
    try syscall("fstat") { unsafe fstat(raw, &status) }
    isSocket = status.st_mode & S_IFMT == S_IFSOCK
    self.descriptor = descriptor
    self.waitsForPeer = waitsForPeer
  }

  package borrowing func send(_ message: Message, by limit: MonotonicTime) throws(Failure) {
    precondition(message.body.count <= Self.limit)
    let bytes =
      Self.magic + UInt32(message.body.count).octets + message.number.octets + message.body
    var done = 0
    while done < bytes.count {
      let raw = descriptor.rawValue
      let count = unsafe bytes.withUnsafeBytes {
        let (rest, left) = unsafe ($0.baseAddress?.advanced(by: done), $0.count - done)
        return isSocket
          ? unsafe Glibc.send(raw, rest, left, CInt(MSG_NOSIGNAL))
          : unsafe write(raw, rest, left)
      }
      if count > 0 {
        done += count
      } else {
        try handle(Errno(rawValue: Glibc.errno), waitingFor: POLLOUT, by: limit)
      }
    }
  }

  /// Waits until something can be received, be it only the end.
  package borrowing func hasInput(by limit: MonotonicTime) -> Bool {
    let now = MonotonicTime.now()
    let milliseconds = limit > now ? (limit - now) / 1_000_000 + 1 : 0
    var state = pollfd(fd: descriptor.rawValue, events: Int16(POLLIN), revents: 0)
    return unsafe poll(&state, 1, CInt(clamping: milliseconds)) != 0
  }

  package borrowing func receive(by limit: MonotonicTime) throws(Failure) -> Message {
    let header = try receive(Self.headerBytes, by: limit)
    guard header.starts(with: Self.magic) else {
      throw .malformed("it does not begin with KVMT")
    }
    guard let length = UInt32(octets: header[4..<8]), let number = UInt64(octets: header[8..<16])
    else { throw .malformed("a header of \(header.count) bytes") }
    guard length <= Self.limit else { throw .malformed("a length of \(length) bytes") }
    return Message(number: number, body: try receive(Int(length), by: limit))
  }

  /// Memory grows with what has come, not with what was promised.
  private borrowing func receive(_ count: Int, by limit: MonotonicTime) throws(Failure) -> [UInt8] {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: min(count, 1 << 16))
    while bytes.count < count {
      let raw = descriptor.rawValue
      let wanted = min(chunk.count, count - bytes.count)
      let got = unsafe chunk.withUnsafeMutableBytes { unsafe read(raw, $0.baseAddress, wanted) }
      if got > 0 {
        bytes.append(contentsOf: chunk[..<got])
        // One who sends byte by byte must not hold us for ever.
        if MonotonicTime.now() > limit && bytes.count < count { throw .late }
      } else if got == 0 {
        guard waitsForPeer else { throw .ended }
        let now = MonotonicTime.now()
        if now > limit { throw .late }
        (now + 2_000_000).sleepUntil()
      } else {
        try handle(Errno(rawValue: Glibc.errno), waitingFor: POLLIN, by: limit)
      }
    }
    return bytes
  }

  private borrowing func handle(_ errno: Errno, waitingFor event: Int32, by limit: MonotonicTime)
    throws(Failure)
  {
    switch errno {
    case .interrupted: return
    case .wouldBlock: break
    case .brokenPipe, .connectionReset: throw .ended
    default: throw .system(SystemCallError("read or write", errno, on: "a message stream"))
    }
    let now = MonotonicTime.now()
    guard now < limit else { throw .late }
    var state = pollfd(fd: descriptor.rawValue, events: Int16(event), revents: 0)
    let milliseconds = min((limit - now) / 1_000_000 + 1, 1000)
    _ = unsafe poll(&state, 1, CInt(milliseconds))
    let isHungUp = state.revents & Int16(POLLHUP) != 0 && state.revents & Int16(event) == 0
    if isHungUp {
      guard waitsForPeer else { throw .ended }
      (MonotonicTime.now() + 2_000_000).sleepUntil()
    }
  }
}
