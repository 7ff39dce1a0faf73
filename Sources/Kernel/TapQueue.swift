import CLinux
import Glibc
import SystemPackage

/// Queues of a TAP, to write and read frames as the guest's backend does: one frame a call.
///
/// Safe: the TAP is kept alive, the buffer is allocated once, freed once, and read(2) is told
/// its size.
@safe package struct TapQueue: ~Copyable, @unchecked Sendable {
  private let tap: TapDevice
  private let queues: [CInt]
  private let buffer: UnsafeMutableRawBufferPointer
  /// The queue that is read first: behind the last one that was.
  private var turn = 0

  /// Takes part in the queues `numbers`, some of 0 ..< `tap.queues.count`: reads them all, writes
  /// to the first.
  package init(_ tap: TapDevice, _ numbers: Range<Int>, frameLimit: Int = 65536 + 18) {
    precondition(!numbers.isEmpty)
    self.tap = tap
    queues = Array(tap.queues[numbers])
    unsafe buffer = .allocate(byteCount: frameLimit + TapDevice.headerBytes, alignment: 64)
  }

  deinit { unsafe buffer.deallocate() }

  /// Writes frames until one is not taken. Throws `EIO` if the TAP is down, `EINVAL`.
  package func send(_ batch: borrowing FrameBatch, _ frames: Range<Int>) throws(SystemCallError)
    -> SendOutcome
  {
    for index in frames where batch.write(index, to: queues[0]) < 0 {
      let accepted = index - frames.lowerBound
      switch Glibc.errno {
      case EAGAIN: return SendOutcome(accepted: accepted, obstacle: .full)
      case ENOBUFS: return SendOutcome(accepted: accepted, obstacle: .refused)
      case EINTR: return SendOutcome(accepted: accepted)
      case let error: throw SystemCallError("write", Errno(rawValue: error), on: tap.name)
      }
    }
    return SendOutcome(accepted: frames.count)
  }

  /// Waits until the queue takes frames again, at most so long.
  package func waitForRoom(milliseconds: Int) { wait(for: Int16(POLLOUT), milliseconds) }

  /// Hands over at most `limit` frames that are there, however many queues they are in, then
  /// returns; waits first if there is none. Queues that hold more take turns.
  ///
  /// - Parameter milliseconds: how long to wait, 0 not at all.
  /// - Returns: how many frames `body` was given, without their virtio-net headers, with the time
  ///   each was read.
  package mutating func receive(
    limit: Int, waiting milliseconds: Int, _ body: (RawSpan, MonotonicTime) -> Void
  ) throws(SystemCallError) -> Int {
    let taken = try receive(limit: limit, body)
    if taken > 0 || milliseconds == 0 || !wait(for: Int16(POLLIN), milliseconds) { return taken }
    return try receive(limit: limit, body)
  }

  private mutating func receive(limit: Int, _ body: (RawSpan, MonotonicTime) -> Void)
    throws(SystemCallError) -> Int
  {
    var taken = 0
    for _ in queues where taken < limit {
      let queue = queues[turn]
      turn = (turn + 1) % queues.count
      while taken < limit {
        let count = unsafe kvmtune_read(queue, buffer.baseAddress, buffer.count)
        if count < 0 && Glibc.errno == EAGAIN { break }
        if count < 0 && Glibc.errno == EINTR { continue }
        guard count >= TapDevice.headerBytes else {
          throw SystemCallError(
            "read", Errno(rawValue: count < 0 ? Glibc.errno : EPROTO), on: tap.name)
        }
        let frame = unsafe UnsafeRawBufferPointer(rebasing: buffer[TapDevice.headerBytes..<count])
        body(unsafe RawSpan(_unsafeBytes: frame), .now())
        taken += 1
      }
    }
    return taken
  }

  @discardableResult
  private func wait(for events: Int16, _ milliseconds: Int) -> Bool {
    var requests = queues.map { pollfd(fd: $0, events: events, revents: 0) }
    return unsafe poll(&requests, nfds_t(requests.count), CInt(milliseconds)) > 0
  }
}
