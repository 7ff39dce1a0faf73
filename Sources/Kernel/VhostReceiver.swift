/// What a phantom guest receives on some of its queue pairs. It begins deaf.
package struct VhostReceiver: ~Copyable, Sendable {
  private let device: VhostDevice
  private let rings: [VhostRing]
  private var queues: [VirtioReceiveQueue]
  /// Over packet sockets, those of the pairs.
  private let sockets: [VhostSocket]
  /// The queue that is looked at first: behind the last one that was.
  private var turn = 0

  /// The most frames that ``receive(waiting:_:)`` takes at once, as a guest's NAPI does.
  private static let budget = 64

  /// Gives the workers all buffers of these pairs, which no other receiver has.
  package init(_ device: VhostDevice, _ numbers: Range<Int>) throws(SystemCallError) {
    var rings: [VhostRing] = []
    for pair in device.pairs[numbers] { rings.append(try VhostRing(pair, .receive)) }
    self.device = device
    self.rings = rings
    queues = rings.map { VirtioReceiveQueue($0.makeQueue()) }
    sockets = device.sockets.isEmpty ? [] : Array(device.sockets[numbers])
  }

  /// Lets the workers take frames off the TAP, or keeps them from it: then others may read it.
  package func setListening(_ on: Bool) throws(SystemCallError) {
    if !on { for socket in sockets { try socket.setListening(false) } }
    for ring in rings { try ring.attach(on) }
    if on { for socket in sockets { try socket.setListening(true) } }
  }

  /// Frames that the packet sockets had no room for since the last call; what a TAP drops, it counts
  /// itself.
  package func takeDrops() throws(SystemCallError) -> UInt64 {
    var sum: UInt64 = 0
    for socket in sockets { sum += try socket.takeDrops() }
    return sum
  }

  /// Hands over frames that the workers have delivered, at most a budget, without
  /// their virtio-net headers; waits first if there is none.
  ///
  /// - Parameter milliseconds: how long to wait, 0 not at all.
  /// - Returns: how many frames `body` was given, each with the time it was seen.
  /// - Throws: `EPROTO` if a ring makes no sense.
  package mutating func receive(
    waiting milliseconds: Int, _ body: (RawSpan, MonotonicTime) -> Void
  ) throws(SystemCallError) -> Int {
    let count = try receive(body)
    if count > 0 || milliseconds == 0 { return count }
    // Every queue is asked: a call of any of them ends the wait.
    if !queues.map({ $0.requestCall() }).contains(true) {
      VhostRing.waitForCall(rings, milliseconds: milliseconds)
    }
    return try receive(body)
  }

  private mutating func receive(_ body: (RawSpan, MonotonicTime) -> Void)
    throws(SystemCallError) -> Int
  {
    let now = MonotonicTime.now()
    var sum = 0
    // A queue that fills the budget is last the next time.
    for _ in rings where sum < Self.budget {
      let (count, needsKick) = try queues[turn].receive(limit: Self.budget - sum) { body($0, now) }
      if needsKick { try rings[turn].notify() }
      sum += count
      turn = (turn + 1) % rings.count
    }
    return sum
  }
}
