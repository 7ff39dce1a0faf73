import CLinux
import Kernel
import SystemPackage

/// One connected libnl socket, closed with its owner.
///
/// libnl sends, checks sequence numbers, and continues dumps; the messages it accepts are copied
/// out as bytes. Not for two threads at once: ``NetlinkSession`` sees to that, hence `@unchecked`.
/// Safe: the pointer is owned alone, freed once in `deinit`; libnl's callbacks run only inside
/// ``exchange(_:)``, with an object that this one keeps alive.
@safe final class NetlinkSocket: @unchecked Sendable {
  private let socket: OpaquePointer
  private let collector = ReplyCollector()

  /// How long one reply may take. Deleting a device waits for RCU, which a busy host delays.
  static let timeoutSeconds = 10

  /// Opens and connects a socket in the namespace of the calling thread.
  ///
  /// - Parameter family: `NETLINK_ROUTE` or `NETLINK_GENERIC`.
  init(protocol family: CInt) throws {
    guard let socket = unsafe nl_socket_alloc() else {
      throw NetlinkError("open a netlink socket", .noMemory)
    }
    unsafe self.socket = socket
    try Self.check(unsafe nl_connect(socket, family), "connect a netlink socket")
    unsafe nl_socket_enable_msg_peek(socket)
    let descriptor = unsafe nl_socket_get_fd(socket)
    for option in [NETLINK_EXT_ACK, NETLINK_CAP_ACK] {
      var on: CInt = 1
      try Kernel.syscall("setsockopt(SOL_NETLINK)") {
        unsafe setsockopt(
          descriptor, SOL_NETLINK, option, &on, socklen_t(MemoryLayout<CInt>.size))
      }
    }
    var limit = timeval(tv_sec: Self.timeoutSeconds, tv_usec: 0)
    try Kernel.syscall("setsockopt(SO_RCVTIMEO)") {
      unsafe setsockopt(
        descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }
    unsafe collector.install(on: socket)
  }

  deinit { unsafe nl_socket_free(socket) }

  /// The number of a generic family, by libnl's controller query.
  func resolve(family name: String) throws -> UInt16 {
    let number = unsafe genl_ctrl_resolve(socket, name)
    guard number >= 0, let family = UInt16(exactly: number) else {
      throw NetlinkError(
        "find the generic netlink family \(name)", .noSuchFileOrDirectory,
        message: unsafe String(cString: nl_geterror(number)))
    }
    return family
  }

  /// Sends one request and collects what comes back until its end.
  ///
  /// - Returns: the messages; whether the kernel marked a dump as inconsistent.
  /// - Throws: ``ExchangeFailure``: refused by the kernel, or the socket is of no more use.
  func exchange(_ request: NetlinkRequest) throws(ExchangeFailure) -> (
    messages: [NetlinkMessage], interrupted: Bool
  ) {
    guard let message = unsafe nlmsg_alloc_size(request.payload.count + 64) else {
      throw .broken(NetlinkError(request.description, .noMemory))
    }
    defer { unsafe nlmsg_free(message) }
    let flags = CInt(request.flags) | NLM_F_REQUEST | NLM_F_ACK
    unsafe nlmsg_put(
      message, UInt32(NL_AUTO_PORT), UInt32(NL_AUTO_SEQ), CInt(request.type), 0, flags)
    var payload = request.payload
    var code = unsafe payload.withUnsafeMutableBytes {
      unsafe nlmsg_append(message, $0.baseAddress, $0.count, 0)
    }
    collector.begin()
    if code >= 0 { code = unsafe nl_send_auto(socket, message) }
    while code >= 0, !collector.isComplete { code = unsafe nl_recvmsgs_default(socket) }
    if let refusal = collector.refusal {
      throw .refused(
        NetlinkError(
          request.description, Errno(rawValue: refusal.errno), message: refusal.text))
    }
    if code < 0 {
      let errno: Errno = code == -NLE_AGAIN ? .timedOut : .ioError
      throw .broken(
        NetlinkError(
          request.description, errno, message: unsafe String(cString: nl_geterror(code))))
    }
    return (collector.messages, collector.interrupted)
  }

  private static func check(_ code: CInt, _ request: String) throws(NetlinkError) {
    if code < 0 {
      throw NetlinkError(
        request, .ioError, message: unsafe String(cString: nl_geterror(code)))
    }
  }
}

/// Why an exchange gave no answer.
enum ExchangeFailure: Error {
  /// The kernel said no; the socket is in step.
  case refused(NetlinkError)
  /// No or no sensible reply: a late one could come, so the socket must not be used again.
  case broken(NetlinkError)
}

/// What libnl's callbacks leave behind during one exchange.
private final class ReplyCollector {
  private(set) var messages: [NetlinkMessage] = []
  private(set) var refusal: ErrorReply?
  private(set) var interrupted = false
  private(set) var isComplete = false

  func begin() {
    messages = []
    refusal = nil
    interrupted = false
    isComplete = false
  }

  /// Gives libnl this object for every kind of message. It must outlive the socket's use.
  func install(on socket: OpaquePointer) {
    let context = unsafe Unmanaged.passUnretained(self).toOpaque()
    unsafe set(socket, NL_CB_VALID, context) { message, context in
      unsafe ReplyCollector.at(context).add(message)
    }
    unsafe set(socket, NL_CB_ACK, context) { _, context in
      unsafe ReplyCollector.at(context).complete()
    }
    unsafe set(socket, NL_CB_FINISH, context) { message, context in
      unsafe ReplyCollector.at(context).finish(message)
    }
    unsafe set(socket, NL_CB_DUMP_INTR, context) { _, context in
      unsafe ReplyCollector.at(context).interrupt()
    }
    unsafe nl_socket_modify_err_cb(
      socket, NL_CB_CUSTOM,
      { _, error, context in
        unsafe ReplyCollector.at(context).refuse(error)
      }, context)
  }

  private func set(
    _ socket: OpaquePointer, _ kind: nl_cb_type, _ context: UnsafeMutableRawPointer,
    _ callback: @escaping nl_recvmsg_msg_cb_t
  ) {
    unsafe nl_socket_modify_cb(socket, kind, NL_CB_CUSTOM, callback, context)
  }

  private static func at(_ context: UnsafeMutableRawPointer?) -> ReplyCollector {
    guard let context = unsafe context else { preconditionFailure("libnl lost the context") }
    return unsafe Unmanaged<ReplyCollector>.fromOpaque(context).takeUnretainedValue()
  }

  private func add(_ message: OpaquePointer?) -> CInt {
    unsafe messages.append(NetlinkMessage(copying: nlmsg_hdr(message)))
    return CInt(NL_OK.rawValue)
  }

  private func complete() -> CInt {
    isComplete = true
    return CInt(NL_STOP.rawValue)
  }

  /// `NLMSG_DONE` carries the dump's own error number, 0 or negative.
  private func finish(_ message: OpaquePointer?) -> CInt {
    let done = unsafe NetlinkMessage(copying: nlmsg_hdr(message))
    if let code = CInt(nativeBytes: done.payload.prefix(4)), code < 0 {
      refusal = ErrorReply(dumpEndedWith: code, flags: done.flags, payload: done.payload)
    }
    return complete()
  }

  private func interrupt() -> CInt {
    interrupted = true
    return CInt(NL_OK.rawValue)
  }

  /// libnl has checked that `struct nlmsgerr` is whole; the message's header lies before it.
  private func refuse(_ error: UnsafeMutablePointer<nlmsgerr>?) -> CInt {
    guard let error = unsafe error else { return complete() }
    let header = unsafe UnsafeMutableRawPointer(error) - MemoryLayout<nlmsghdr>.size
    let message = unsafe NetlinkMessage(copying: header.assumingMemoryBound(to: nlmsghdr.self))
    refusal =
      (try? ErrorReply(flags: message.flags, payload: message.payload))
      ?? ErrorReply(code: unsafe error.pointee.error)
    return complete()
  }
}

extension NetlinkMessage {
  /// Copies a message whose length libnl has checked.
  init(copying header: UnsafeMutablePointer<nlmsghdr>) {
    let size = MemoryLayout<nlmsghdr>.size
    let count = max(0, unsafe Int(header.pointee.nlmsg_len) - size)
    let start = unsafe UnsafeRawPointer(header) + size
    self.init(
      type: unsafe header.pointee.nlmsg_type, flags: unsafe header.pointee.nlmsg_flags,
      payload: unsafe Array(UnsafeRawBufferPointer(start: start, count: count)))
  }
}
