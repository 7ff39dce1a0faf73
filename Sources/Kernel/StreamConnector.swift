import CLinux
import Glibc
import SystemPackage

/// Opens TCP connections to one address, many at once, and waits for each to be accepted and closed
/// by the other end.
///
/// The last ACK of a handshake can find the accept queue full, so a connection that looks open need
/// not have been accepted: only its end, a RST of the other side, says so (tcp_minisocks.c,
/// tcp_check_req). A RST also leaves no TIME-WAIT at either end, so that ports do not run out.
/// Safe: every descriptor in the list is ours and open, and is closed once: when its connection
/// ends, or in `deinit`.
package struct StreamConnector: ~Copyable, Sendable {
  /// How a connection ended.
  package enum Ending: Sendable {
    /// The other end took it, and closed it.
    case accepted
    /// Nobody listens there.
    case refused
    /// Nothing came in time.
    case timedOut
    /// No port was free, or the way there broke.
    case failed
  }

  private let namespace: NetworkNamespace
  private let address: SocketAddress
  private var name: sockaddr_in
  /// −1 where no connection is under way.
  private var slots: [pollfd]
  private var begun: [MonotonicTime]
  private var isInside = false
  /// How many connections are under way.
  package private(set) var count = 0

  /// - Parameter capacity: connections under way at once, above 0.
  package init(in namespace: NetworkNamespace, to address: SocketAddress, capacity: Int)
    throws(SystemCallError)
  {
    self.namespace = namespace
    self.address = address
    name = try address.native()
    slots = [pollfd](repeating: pollfd(fd: -1, events: Int16(POLLIN), revents: 0), count: capacity)
    begun = [MonotonicTime](repeating: MonotonicTime(nanoseconds: 0), count: capacity)
  }

  deinit { for slot in slots where slot.fd >= 0 { close(slot.fd) } }

  /// Takes the calling thread into the namespace for good: sockets are opened by the hundred
  /// thousand. Needs `CAP_SYS_ADMIN`.
  package mutating func enter() throws {
    if isInside { return }
    isInside = true
    guard namespace.hasThread else { return }
    let descriptor = try namespace.descriptor()
    try syscall("setns", on: namespace.name ?? "namespace") {
      kvmtune_setns(descriptor.rawValue, CInt(KVMTUNE_CLONE_NEWNET))
    }
  }

  /// Begins as many connections as there is room for. The calling thread is in the namespace.
  ///
  /// - Parameter tell: how those ended that could not even begin.
  /// - Returns: how many were tried.
  /// - Throws: `EMFILE`, `ENETUNREACH`: what a later try would not mend.
  package mutating func open(_ tell: (Ending) -> Void) throws(SystemCallError) -> Int {
    var tried = 0
    for index in slots.indices where slots[index].fd < 0 {
      tried += 1
      begun[index] = .now()
      guard let failure = try begin(index) else { continue }
      tell(failure)
      // Whatever it is, trying at once and again would only burn the CPU.
      if failure == .failed { break }
    }
    return tried
  }

  private mutating func begin(_ index: Int) throws(SystemCallError) -> Ending? {
    let kind = CInt(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    let socket = try syscall(
      "socket",
      on: "\(slots.count) connections at once; lower batch, or raise the limit of open files"
    ) { CLinux.socket(AF_INET, kind, 0) }
    let result = unsafe withUnsafePointer(to: &name) {
      unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    if result == 0 || Glibc.errno == EINPROGRESS {
      slots[index].fd = socket
      count += 1
      return nil
    }
    let error = Errno(rawValue: Glibc.errno)
    close(socket)
    switch error {
    case .connectionRefused: return .refused
    case .timedOut: return .timedOut
    case .addressNotAvailable, .resourceTemporarilyUnavailable: return .failed
    default: throw SystemCallError("connect", error, on: address.description)
    }
  }

  /// Waits for connections to end, at most so long for the first.
  ///
  /// - Parameters:
  ///   - limit: nanoseconds from its begin after which a connection is given up.
  ///   - tell: how a connection ended, and nanoseconds since its begin.
  package mutating func wait(
    milliseconds: Int, limit: UInt64, _ tell: (Ending, UInt64) -> Void
  ) throws(SystemCallError) {
    if count == 0 { return }
    let slotCount = nfds_t(slots.count)
    let ready = unsafe poll(&slots, slotCount, CInt(milliseconds))
    if ready < 0 && Glibc.errno != EINTR {
      throw SystemCallError("poll", Errno(rawValue: Glibc.errno))
    }
    let now = MonotonicTime.now()
    for index in slots.indices where slots[index].fd >= 0 {
      let age = now - min(now, begun[index])
      if ready > 0 && slots[index].revents != 0 {
        tell(end(index), age)
      } else if age > limit {
        giveUp(index)
        tell(.timedOut, age)
      }
    }
  }

  /// Gives up what is still under way.
  ///
  /// - Returns: how many there were.
  package mutating func abandon() -> Int {
    let left = count
    for index in slots.indices where slots[index].fd >= 0 { giveUp(index) }
    return left
  }

  private mutating func end(_ index: Int) -> Ending {
    var error: CInt = 0
    var size = socklen_t(MemoryLayout<CInt>.size)
    let failed = unsafe getsockopt(slots[index].fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0
    free(index)
    switch failed ? Glibc.errno : error {
    case 0, ECONNRESET, EPIPE: return .accepted
    case ECONNREFUSED: return .refused
    case ETIMEDOUT: return .timedOut
    default: return .failed
    }
  }

  /// Closes a connection that may be open, without TIME-WAIT.
  private mutating func giveUp(_ index: Int) {
    var now = linger(l_onoff: 1, l_linger: 0)
    // Best effort: it is closed all the same.
    _ = unsafe setsockopt(
      slots[index].fd, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
    free(index)
  }

  private mutating func free(_ index: Int) {
    close(slots[index].fd)
    slots[index].fd = -1
    count -= 1
  }
}
