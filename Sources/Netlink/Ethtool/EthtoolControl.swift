import CLinux
import Kernel
import SystemPackage

/// The requests of ethtool that netlink has not taken over: `SIOCETHTOOL` of ioctl(2).
extension NetlinkSession {
  /// Makes a request, which the kernel overwrites with its answer.
  ///
  /// - Parameters:
  ///   - call: what it is called, for the error.
  ///   - request: begins with its command.
  ///   - room: bytes for the answer, at least those of the request.
  ///   - name: of the device, as `ip link` shows it.
  /// - Throws: `SystemCallError`: `ENODEV`; `.notSupported`; `.badAddress` if the answer is longer.
  func ethtool(_ call: String, _ request: MessageBuilder, room: Int, of name: String) throws
    -> [UInt8]
  {
    guard name.utf8.count < Int(IFNAMSIZ) else {
      throw SystemCallError("ioctl(\(call))", .operationNotSupportedByDevice, on: name)
    }
    let memory = try GuardedMemory(request.bytes, count: room)
    var interface = unsafe ifreq()
    unsafe withUnsafeMutableBytes(of: &interface.ifr_ifrn.ifrn_name) {
      unsafe $0.copyBytes(from: name.utf8)
    }
    let socket = try controlSocket()
    // Safe: the kernel writes to guarded memory, which outlives the call.
    try Kernel.syscall("ioctl(\(call))", on: name) {
      unsafe memory.lend { pointer in
        unsafe interface.ifr_ifru.ifru_data = pointer.assumingMemoryBound(to: CChar.self)
        return unsafe kvmtune_ioctl(socket.descriptor.rawValue, UInt(SIOCETHTOOL), &interface)
      }
    }
    return memory.bytes
  }
}

extension MessageBuilder {
  /// Begins a request of `SIOCETHTOOL` with its command and the 32-bit words that follow.
  init(ethtool command: some BinaryInteger, _ words: UInt32...) {
    self.init()
    append(UInt32(command))
    for word in words { append(word) }
  }
}
