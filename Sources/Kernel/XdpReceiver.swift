import CLinux
import Glibc
import SystemPackage

/// What we receive on some queues of a device through AF_XDP. It begins deaf.
///
/// Safe: a frame is lent while it is ours, between the receive and the fill ring, and its place and
/// length are checked against the memory.
@safe package struct XdpReceiver: ~Copyable, @unchecked Sendable {
  private let owner: XdpDevice
  private let program: XdpProgram
  private let ports: [XdpPort]
  /// The queue that is read first: behind the last one that was.
  private var turn = 0
  /// Frames of each port that its socket had counted as dropped when it was asked last.
  private var dropped: [UInt64]

  /// The most frames that ``receive(waiting:_:)`` hands over at once, as a driver's NAPI does.
  private static let budget = 64

  /// Takes the receive rings of some queues, which no other receiver has, and attaches the program
  /// if this is the first.
  package init(_ device: XdpDevice, queues: [Int]) throws {
    precondition(!queues.isEmpty)
    (program, ports) = try device.takeReceiver(queues)
    owner = device
    dropped = ports.map { _ in 0 }
  }

  /// Lets frames in, or lets them pass on to the stack.
  package func setListening(_ on: Bool) throws(SystemCallError) {
    for port in ports { try program.setListening(on, port) }
  }

  /// Hands over frames that are there, at most a budget of all queues; waits first if there is none.
  ///
  /// - Parameter milliseconds: how long to wait, 0 not at all.
  /// - Returns: how many frames `body` was given, each with the time it was seen.
  /// - Throws: `EPROTO` if a ring makes no sense.
  package mutating func receive(
    waiting milliseconds: Int, _ body: (RawSpan, MonotonicTime) -> Void
  ) throws(SystemCallError) -> Int {
    let count = try receive(body)
    if count > 0 || milliseconds == 0 { return count }
    var requests = ports.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
    guard unsafe poll(&requests, nfds_t(requests.count), CInt(milliseconds)) > 0 else { return 0 }
    return try receive(body)
  }

  private mutating func receive(_ body: (RawSpan, MonotonicTime) -> Void)
    throws(SystemCallError) -> Int
  {
    var sum = 0
    // A queue that fills the budget is last the next time.
    for _ in ports where sum < Self.budget {
      sum += try receive(from: ports[turn], limit: Self.budget - sum, body)
      turn = turn + 1 == ports.count ? 0 : turn + 1
    }
    return sum
  }

  private func receive(
    from port: XdpPort, limit: Int, _ body: (RawSpan, MonotonicTime) -> Void
  ) throws(SystemCallError) -> Int {
    var start: UInt32 = 0
    let count = unsafe xsk_ring_cons__peek(port.receiveRing, UInt32(limit), &start)
    guard count > 0 else { return 0 }
    let now = MonotonicTime.now()
    var place: UInt32 = 0
    guard unsafe xsk_ring_prod__reserve(port.fillRing, count, &place) == count else {
      throw nonsense(port)
    }
    for number in 0..<count {
      let frame = unsafe xsk_ring_cons__rx_desc(port.receiveRing, start &+ number).pointee
      guard let bytes = unsafe port.bytes(at: frame.addr, count: Int(frame.len)) else {
        throw nonsense(port)
      }
      body(unsafe RawSpan(_unsafeStart: bytes, byteCount: Int(frame.len)), now)
      unsafe xsk_ring_prod__fill_addr(port.fillRing, place &+ number).pointee =
        frame.addr & ~UInt64(port.chunkBytes - 1)
    }
    unsafe xsk_ring_prod__submit(port.fillRing, count)
    unsafe xsk_ring_cons__release(port.receiveRing, count)
    if port.isZerocopy, unsafe xsk_ring_prod__needs_wakeup(port.fillRing) != 0 {
      recvfrom(port.descriptor, nil, 0, CInt(MSG_DONTWAIT), nil, nil)
    }
    return Int(count)
  }

  private func nonsense(_ port: XdpPort) -> SystemCallError {
    SystemCallError(
      "AF_XDP", Errno(rawValue: EPROTO),
      on: "queue \(port.queue) of \(port.device) gives back what it does not hold")
  }

  /// Frames that found no room since the last call: no place to be copied to (`rx_dropped`; then
  /// `rx_fill_ring_empty_descs` counts the same frame) or none in the ring (`rx_ring_full`).
  package mutating func takeDrops() throws(SystemCallError) -> UInt64 {
    var new: UInt64 = 0
    for (index, port) in ports.enumerated() {
      let statistics = try port.statistics()
      let total = statistics.rx_dropped + statistics.rx_ring_full
      new += total - dropped[index]
      dropped[index] = total
    }
    return new
  }
}
