import CLinux
package import Kernel
import Synchronization

/// A conversation with the kernel of one network namespace: routes, links and qdiscs over
/// rtnetlink, and generic families such as `ethtool`.
///
/// The sockets belong to the namespace for good, so any thread may use the session; requests
/// take turns. An open session keeps its namespace alive: ``close()`` it before the namespace is
/// to go. Reading needs no privilege, changing needs `CAP_NET_ADMIN` there.
package final class NetlinkSession: Sendable {
  package let namespace: NetworkNamespace
  private let sockets: Mutex<Sockets>

  /// How often a dump that changed while it was read is asked for again.
  private static let dumpAttempts = 20

  /// Opens a socket for rtnetlink at once; one for generic netlink when it is first needed.
  package init(in namespace: NetworkNamespace = .current) throws {
    self.namespace = namespace
    sockets = Mutex(Sockets())
    try sockets.withLock { _ = try $0.socket(NETLINK_ROUTE, in: namespace) }
  }

  /// Closes the sockets. Later requests throw `ENOTCONN`.
  package func close() {
    sockets.withLock { $0.close() }
  }

  /// Asks rtnetlink and waits for the whole answer.
  ///
  /// - Returns: every message of the reply but its end; none for a change.
  /// - Throws: ``NetlinkError``; `ETIMEDOUT` without an answer in time, `EINTR` if a dump never
  ///   stood still.
  @discardableResult
  package func request(_ request: NetlinkRequest) throws -> [NetlinkMessage] {
    try sockets.withLock { try Self.request(request, NETLINK_ROUTE, &$0, namespace) }
  }

  /// Asks a family of generic netlink.
  ///
  /// - Parameters:
  ///   - description: what is asked, in words, for the error.
  ///   - family: as the kernel registered it: `ethtool`.
  ///   - version: of the family's interface.
  ///   - flags: `NLM_F_DUMP` or 0.
  ///   - attributes: what follows `struct genlmsghdr`.
  /// - Throws: ``NetlinkError``, `ENOENT` if the kernel has no such family.
  @discardableResult
  package func request(
    _ description: String, family: String, command: some BinaryInteger, version: UInt8 = 1,
    flags: CInt = 0, attributes: [UInt8]
  ) throws -> [GenericMessage] {
    try sockets.withLock { sockets in
      let number = try sockets.number(ofFamily: family, in: namespace)
      let header = [UInt8(command), version, 0, 0]
      let request = NetlinkRequest(
        description, type: number, flags: flags, payload: header + attributes)
      return try Self.request(request, NETLINK_GENERIC, &sockets, namespace)
        .map { try GenericMessage($0) }
    }
  }

  /// A socket of the namespace, for requests of ioctl(2) about its devices.
  func controlSocket() throws -> ControlSocket {
    try sockets.withLock { try $0.control(in: namespace) }
  }

  private static func request(
    _ request: NetlinkRequest, _ family: CInt, _ sockets: inout Sockets,
    _ namespace: NetworkNamespace
  ) throws -> [NetlinkMessage] {
    for _ in 0..<dumpAttempts {
      let (messages, interrupted) = try sockets.exchange(request, family, in: namespace)
      if !interrupted { return messages }
    }
    throw NetlinkError(
      request.description, .interrupted, message: "the list changed each time it was read")
  }
}

/// The sockets of one session, opened when first needed and again after one broke.
private struct Sockets {
  private var open: [CInt: NetlinkSocket] = [:]
  private var control: ControlSocket?
  private var families: [String: UInt16] = [:]
  private var isClosed = false

  mutating func close() {
    open = [:]
    control = nil
    isClosed = true
  }

  /// The socket for ioctl(2), whose protocol does not matter.
  mutating func control(in namespace: NetworkNamespace) throws -> ControlSocket {
    if isClosed { throw NetlinkError("use a closed netlink session", .socketNotConnected) }
    if let control { return control }
    let opened = try namespace.run { try ControlSocket() }
    control = opened
    return opened
  }

  /// The socket for `NETLINK_ROUTE` or `NETLINK_GENERIC`.
  mutating func socket(_ kind: CInt, in namespace: NetworkNamespace) throws -> NetlinkSocket {
    if isClosed { throw NetlinkError("use a closed netlink session", .socketNotConnected) }
    if let socket = open[kind] { return socket }
    let socket = try namespace.run { try NetlinkSocket(protocol: kind) }
    open[kind] = socket
    return socket
  }

  /// The message type of a generic family; it stays the same as long as its module is loaded.
  mutating func number(ofFamily name: String, in namespace: NetworkNamespace) throws -> UInt16 {
    if let number = families[name] { return number }
    let number = try socket(NETLINK_GENERIC, in: namespace).resolve(family: name)
    families[name] = number
    return number
  }

  mutating func exchange(_ request: NetlinkRequest, _ kind: CInt, in namespace: NetworkNamespace)
    throws -> (messages: [NetlinkMessage], interrupted: Bool)
  {
    let socket = try socket(kind, in: namespace)
    do throws(ExchangeFailure) {
      return try socket.exchange(request)
    } catch {
      switch error {
      case .refused(let reason): throw reason
      case .broken(let reason):
        open[kind] = nil
        throw reason
      }
    }
  }
}

/// A socket that carries nothing but requests about the devices of its namespace.
final class ControlSocket: Sendable {
  let descriptor: OwnedDescriptor

  /// Opens it in the namespace of the calling thread.
  init() throws(SystemCallError) {
    descriptor = OwnedDescriptor(
      adopting: try Kernel.syscall("socket") {
        socket(AF_INET, CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
      })
  }
}
