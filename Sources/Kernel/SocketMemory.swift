import CLinux

/// What a socket dropped since it was asked last.
struct SocketDrops {
  private var dropped: UInt64 = 0

  mutating func take(_ descriptor: borrowing OwnedDescriptor) throws(SystemCallError) -> UInt64 {
    var information = SocketMemory()
    try descriptor.readOption(SOL_SOCKET, SO_MEMINFO, into: &information)
    // The kernel counts in 32 bits.
    let total = UInt64(information.drops)
    let new = (total &- dropped) & UInt64(UInt32.max)
    dropped = total
    return new
  }
}

/// The nine words of `SO_MEMINFO` (linux/sock_diag.h), of which the last is `SK_MEMINFO_DROPS`.
struct SocketMemory: BitwiseCopyable {
  var receiving: UInt32 = 0
  var receiveBuffer: UInt32 = 0
  /// Bytes that the kernel has not yet sent.
  var sending: UInt32 = 0
  /// Bytes of them from which on it takes no more (`EAGAIN`).
  var sendBuffer: UInt32 = 0
  var others: (UInt32, UInt32, UInt32, UInt32) = (0, 0, 0, 0)
  var drops: UInt32 = 0

  init() {}

  /// Nil if the kernel does not tell.
  init?(of socket: CInt) {
    self.init()
    var size = socklen_t(MemoryLayout<SocketMemory>.size)
    // Safe: the kernel writes no more than it is told that there is.
    guard unsafe getsockopt(socket, SOL_SOCKET, SO_MEMINFO, &self, &size) == 0 else { return nil }
  }

  /// Whether an eighth of the send buffer or less is free: what drained since it was full, within
  /// microseconds, is less than that.
  var isNearlyFull: Bool {
    sendBuffer > 0 && UInt64(sending) >= UInt64(sendBuffer) - UInt64(sendBuffer) / 8
  }
}
