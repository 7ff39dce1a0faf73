import CLinux
import Glibc
internal import SystemPackage

/// One queue of a TAP, to write and read frames as the guest's backend does: one frame a call.
///
/// Safe: the TAP is kept alive, the buffer is allocated once, freed once, and read(2) is told
/// its size.
@safe package struct TapQueue: ~Copyable, @unchecked Sendable {
  private let tap: TapDevice
  private let descriptor: CInt
  private let buffer: UnsafeMutableRawBufferPointer

  /// Takes part in the queue number `index`, 0 ..< `tap.queues.count`.
  package init(_ tap: TapDevice, _ index: Int, frameLimit: Int = 65536 + 18) {
    self.tap = tap
    descriptor = tap.queues[index]
    unsafe buffer = .allocate(byteCount: frameLimit + TapDevice.headerBytes, alignment: 64)
  }

  deinit { unsafe buffer.deallocate() }

  /// Writes frames until one is not taken. Throws `EIO` if the TAP is down, `EINVAL`.
  package func send(_ batch: borrowing FrameBatch, _ frames: Range<Int>) throws(SystemCallError)
    -> SendOutcome
  {
    for index in frames where batch.write(index, to: descriptor) < 0 {
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

  /// Hands over at most `limit` frames that are there, then returns; waits first if there is none.
  ///
  /// - Parameter milliseconds: how long to wait, 0 not at all.
  /// - Returns: how many frames `body` was given, without their virtio-net headers, with the time
  ///   each was read.
  package mutating func receive(
    limit: Int, waiting milliseconds: Int, _ body: (RawSpan, MonotonicTime) -> Void
  ) throws(SystemCallError) -> Int {
    var taken = 0
    while taken < limit {
      let count = unsafe read(descriptor, buffer.baseAddress, buffer.count)
      if count >= TapDevice.headerBytes {
        let frame = unsafe UnsafeRawBufferPointer(rebasing: buffer[TapDevice.headerBytes..<count])
        body(unsafe RawSpan(_unsafeBytes: frame), .now())
        taken += 1
      } else if count >= 0 {
        throw SystemCallError("read", Errno(rawValue: EPROTO), on: tap.name)
      } else if Glibc.errno == EAGAIN {
        if taken > 0 || milliseconds == 0 { break }
        if !wait(for: Int16(POLLIN), milliseconds) { break }
      } else if Glibc.errno != EINTR {
        throw SystemCallError("read", Errno(rawValue: Glibc.errno), on: tap.name)
      }
    }
    return taken
  }

  @discardableResult
  private func wait(for events: Int16, _ milliseconds: Int) -> Bool {
    var request = pollfd(fd: descriptor, events: events, revents: 0)
    return unsafe poll(&request, 1, CInt(milliseconds)) > 0
  }
}
