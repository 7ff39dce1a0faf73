import CLinux
import Glibc
import SystemPackage

/// Waits until the kernel no longer sends from our memory (msg_zerocopy.rst): each call that sent so
/// has a number, and ranges of numbers come back in the error queue.
struct ZerocopyNotices {
  /// Calls whose notice has not come.
  private var outstanding: UInt64 = 0

  /// Milliseconds without a notice after which a path is stuck.
  private static let patience = 2000

  static func enable(_ descriptor: borrowing OwnedDescriptor) throws(SystemCallError) {
    try descriptor.setOption(SOL_SOCKET, SO_ZEROCOPY, 1)
  }

  /// Waits for the notices of `calls` more calls and of all before. Throws `ETIMEDOUT` if nothing
  /// comes for two seconds.
  mutating func settle(_ calls: Int, on descriptor: borrowing OwnedDescriptor)
    throws(SystemCallError)
  {
    outstanding += UInt64(calls)
    while outstanding > 0 {
      let done = try Self.take(descriptor)
      outstanding -= min(outstanding, done)
      if done > 0 || outstanding == 0 { continue }
      // POLLERR comes unasked.
      guard descriptor.wait(for: 0, milliseconds: Self.patience) != 0 else {
        throw SystemCallError("wait for MSG_ZEROCOPY", .timedOut)
      }
    }
  }

  /// One message of the error queue.
  ///
  /// - Returns: how many calls it stands for; 0 of another kind, or if there is none.
  private static func take(_ descriptor: borrowing OwnedDescriptor) throws(SystemCallError)
    -> UInt64
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
      if Glibc.errno == EAGAIN || Glibc.errno == EINTR { return 0 }
      throw SystemCallError("recvmsg(MSG_ERRQUEUE)", Errno(rawValue: Glibc.errno))
    }
    let isOurs = notice.level == CInt(IPPROTO_IP) && notice.type == IP_RECVERR
    guard isOurs, notice.errno == 0, notice.origin == 5 else { return 0 }
    return UInt64(notice.last &- notice.first) + 1
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
