/// What a phantom guest sends on one of its queue pairs.
///
/// A frame is accepted when it stands in the ring. What the TAP then makes of it, a guest is not
/// told: a TAP that is down swallows all.
package struct VhostSender: ~Copyable, Sendable {
  private let device: VhostDevice
  private let ring: VhostRing
  private var queue: VirtioTransmitQueue

  /// Lets the worker of a pair, which no other sender has, write to the TAP.
  package init(_ device: VhostDevice, _ number: Int) throws(SystemCallError) {
    let ring = try VhostRing(device.pairs[number], .transmit)
    try ring.attach(true)
    self.device = device
    self.ring = ring
    queue = VirtioTransmitQueue(ring.makeQueue())
  }

  /// Puts frames into the ring until it is full. Throws `EPROTO` if the ring makes no sense.
  package mutating func send(_ batch: borrowing FrameBatch, _ frames: Range<Int>)
    throws(SystemCallError) -> SendOutcome
  {
    let (count, needsKick) = try queue.send(batch, frames)
    if needsKick { try ring.notify() }
    return SendOutcome(accepted: count, obstacle: count < frames.count ? .full : nil)
  }

  /// Waits until most of the ring is empty, at most so long.
  package func waitForRoom(milliseconds: Int) {
    if !queue.requestCall() { VhostRing.waitForCall([ring], milliseconds: milliseconds) }
  }
}
