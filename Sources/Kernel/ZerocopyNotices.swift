import CLinux
import Glibc
import SystemPackage

/// Waits until the kernel no longer sends from our memory (msg_zerocopy.rst): each call that got as
/// far as the queueing discipline has a number, whatever came of it there, and ranges of numbers come
/// back in the error queue once the memory is no longer in use.
struct ZerocopyNotices {
  /// Calls whose notice has not come.
  private var outstanding: UInt64 = 0
  /// The number of the next call that gets one.
  private var next: UInt32 = 0

  /// Milliseconds without a notice after which a path is stuck.
  private static let patience = 2000

  static func enable(_ descriptor: borrowing OwnedDescriptor) throws(SystemCallError) {
    try descriptor.setOption(SOL_SOCKET, SO_ZEROCOPY, 1)
  }

  /// Books calls that were accepted.
  mutating func add(_ calls: Int) {
    outstanding += UInt64(calls)
    next &+= UInt32(truncatingIfNeeded: calls)
  }

  /// Whether the call after those that were accepted was refused by queueing discipline or device.
  ///
  /// What they refuse they free at once, so its notice is there when the call returns. A call that the
  /// kernel had no memory for, which it also tells by `ENOBUFS` (`net.core.optmem_max` bounds the
  /// notices that have not come), never got a number, and may be tried again.
  mutating func takeRefusal(on descriptor: borrowing OwnedDescriptor) throws(SystemCallError)
    -> Bool
  {
    let number = next
    while let calls = try Self.take(descriptor) {
      if next == number && calls.contains(number) { add(1) }
      outstanding -= min(outstanding, calls.count)
    }
    return next != number
  }

  /// Waits for the notices of all calls. Throws `ETIMEDOUT` if nothing comes for two seconds.
  mutating func settle(on descriptor: borrowing OwnedDescriptor) throws(SystemCallError) {
    while outstanding > 0 {
      if let calls = try Self.take(descriptor) {
        outstanding -= min(outstanding, calls.count)
        continue
      }
      // POLLERR comes unasked.
      guard descriptor.wait(for: 0, milliseconds: Self.patience) != 0 else {
        throw SystemCallError("wait for MSG_ZEROCOPY", .timedOut)
      }
    }
  }

  /// Numbers of calls that go round.
  private struct Calls {
    let first: UInt32
    let count: UInt64

    func contains(_ number: UInt32) -> Bool { UInt64(number &- first) < count }
  }

  /// One message of the error queue.
  ///
  /// - Returns: the calls that it stands for, none if it is of another kind; nil if there is none.
  private static func take(_ descriptor: borrowing OwnedDescriptor) throws(SystemCallError)
    -> Calls?
  {
    var notice = Notice()
    let count = unsafe withUnsafeMutableBytes(of: &notice) { bytes in
      var message = unsafe msghdr()
      unsafe message.msg_control = bytes.baseAddress
      unsafe message.msg_controllen = bytes.count
      return unsafe recvmsg(
        descriptor.rawValue, &message, CInt(MSG_ERRQUEUE) | CInt(MSG_DONTWAIT))
    }
    guard count >= 0 else {
      if Glibc.errno == EAGAIN { return nil }
      if Glibc.errno == EINTR { return Calls(first: 0, count: 0) }
      throw SystemCallError("recvmsg(MSG_ERRQUEUE)", Errno(rawValue: Glibc.errno))
    }
    let isOurs = notice.level == CInt(IPPROTO_IP) && notice.type == IP_RECVERR
    guard isOurs, notice.errno == 0, notice.origin == 5 else { return Calls(first: 0, count: 0) }
    return Calls(first: notice.first, count: UInt64(notice.last &- notice.first) + 1)
  }

  /// `struct cmsghdr`, then `struct sock_extended_err` (linux/errqueue.h), then room for an address.
  private struct Notice: BitwiseCopyable {
    var length: UInt64 = 0
    var level: CInt = 0
    var type: CInt = 0
    var errno: UInt32 = 0
    /// `SO_EE_ORIGIN_ZEROCOPY` is 5.
    var origin: UInt8 = 0
    var kind: UInt8 = 0
    var code: UInt8 = 0
    var padding: UInt8 = 0
    /// `ee_info` and `ee_data`: the first and the last number.
    var first: UInt32 = 0
    var last: UInt32 = 0
    var room: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
  }
}
