/// What a phantom guest receives on some of its queue pairs. It begins deaf.
package struct VhostReceiver: ~Copyable, Sendable {
  private let device: VhostDevice
  private let rings: [VhostRing]
  private var queues: [VirtioReceiveQueue]

  /// The most frames that ``receive(waiting:_:)`` takes at once, as a guest's NAPI does.
  private static let budget = 64

  /// Gives the workers all buffers of these pairs, which no other receiver has.
  package init(_ device: VhostDevice, _ numbers: Range<Int>) throws(SystemCallError) {
    var rings: [VhostRing] = []
    for pair in device.pairs[numbers] { rings.append(try VhostRing(pair, .receive)) }
    self.device = device
    self.rings = rings
    queues = rings.map { VirtioReceiveQueue($0.makeQueue()) }
  }

  /// Lets the workers take frames off the TAP, or keeps them from it: then others may read it.
  package func setListening(_ on: Bool) throws(SystemCallError) {
    for ring in rings { try ring.attach(on) }
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
    for (index, ring) in rings.enumerated() {
      let (count, needsKick) = try queues[index].receive(limit: Self.budget - sum) { body($0, now) }
      if needsKick { try ring.notify() }
      sum += count
    }
    return sum
  }
}
