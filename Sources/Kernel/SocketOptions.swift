import CLinux
import Glibc

extension OwnedDescriptor {
  /// A socket of a namespace, close-on-exec. It stays in the namespace whoever uses it later.
  init(socketIn namespace: NetworkNamespace, _ domain: CInt, _ type: CInt, flags: CInt = 0) throws {
    self.init(
      adopting: try namespace.run {
        try syscall("socket") { socket(domain, type | CInt(SOCK_CLOEXEC.rawValue) | flags, 0) }
      })
  }

  func setOption(_ level: CInt, _ option: CInt, _ value: CInt) throws(SystemCallError) {
    var value = value
    try setOption(level, option, bytesOf: &value)
  }

  /// Sets an option whose value is a C struct without pointers, or one set up by the caller.
  func setOption<Value: BitwiseCopyable>(
    _ level: CInt, _ option: CInt, bytesOf value: inout Value
  ) throws(SystemCallError) {
    let size = socklen_t(MemoryLayout<Value>.size)
    try syscall("setsockopt", on: "level \(level) option \(option)") {
      unsafe setsockopt(rawValue, level, option, &value, size)
    }
  }

  func option(_ level: CInt, _ option: CInt) throws(SystemCallError) -> Int {
    var value: CInt = 0
    try readOption(level, option, into: &value)
    return Int(value)
  }

  /// Reads an option into a C struct of numbers; what the kernel does not fill stays as it was.
  func readOption<Value: BitwiseCopyable>(
    _ level: CInt, _ option: CInt, into value: inout Value
  ) throws(SystemCallError) {
    var size = socklen_t(MemoryLayout<Value>.size)
    try syscall("getsockopt", on: "level \(level) option \(option)") {
      unsafe getsockopt(rawValue, level, option, &value, &size)
    }
  }

  /// Binds a packet socket to a device of its namespace; `protocol` is an EtherType, 0 for none.
  func bindPacket(to device: NetworkDevice, protocol type: UInt16) throws(SystemCallError) {
    var address = sockaddr_ll()
    address.sll_family = UInt16(AF_PACKET)
    address.sll_protocol = type.bigEndian
    address.sll_ifindex = device.index
    try syscall("bind", on: device.name) {
      unsafe withUnsafePointer(to: &address) {
        unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          unsafe bind(rawValue, $0, socklen_t(MemoryLayout<sockaddr_ll>.size))
        }
      }
    }
  }

  /// Frames that found a packet socket's buffer full since the last call (`PACKET_STATISTICS`).
  func takePacketDrops() throws(SystemCallError) -> UInt64 {
    var statistics = tpacket_stats()
    try readOption(SOL_PACKET, PACKET_STATISTICS, into: &statistics)
    return UInt64(statistics.tp_drops)
  }

  /// Lets a socket receive everything that comes in, or nothing: a classic BPF program, which the
  /// kernel runs before it copies (socket(7), `SO_ATTACH_FILTER`).
  ///
  /// What goes out never passes: the program is the one way to keep it from packet sockets of a
  /// fanout group on kernels before 6.2, where the group hears it whatever its sockets ask for.
  func setListening(_ on: Bool) throws(SystemCallError) {
    let nothing = sock_filter(code: UInt16(BPF_RET | BPF_K), jt: 0, jf: 0, k: 0)
    let incoming = [
      sock_filter(
        code: UInt16(BPF_LD | BPF_W | BPF_ABS), jt: 0, jf: 0,
        k: UInt32(bitPattern: SKF_AD_OFF + SKF_AD_PKTTYPE)),
      sock_filter(
        code: UInt16(BPF_JMP | BPF_JEQ | BPF_K), jt: 1, jf: 0, k: UInt32(PACKET_OUTGOING)),
      sock_filter(code: UInt16(BPF_RET | BPF_K), jt: 0, jf: 0, k: UInt32.max),
      nothing,
    ]
    var instructions = on ? incoming : [nothing]
    try syscall("setsockopt(SO_ATTACH_FILTER)") {
      unsafe instructions.withUnsafeMutableBufferPointer {
        var program = unsafe sock_fprog(len: UInt16($0.count), filter: $0.baseAddress)
        return unsafe setsockopt(
          rawValue, SOL_SOCKET, SO_ATTACH_FILTER, &program,
          socklen_t(MemoryLayout<sock_fprog>.size))
      }
    }
  }

  /// Waits for events of poll(2), at most so long; returns those that are there.
  @discardableResult
  func wait(for events: Int16, milliseconds: Int) -> Int16 {
    var request = pollfd(fd: rawValue, events: events, revents: 0)
    return unsafe poll(&request, 1, CInt(milliseconds)) > 0 ? request.revents : 0
  }
}
