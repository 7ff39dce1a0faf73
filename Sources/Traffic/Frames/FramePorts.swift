package import Kernel

/// Where frames are sent to: one per sending thread.
package protocol FrameSink: ~Copyable, Sendable {
  /// What is sent: whole frames, unless it says otherwise.
  associatedtype Template: Traffic.Template = FrameTemplate
  /// Sends what is taken at once. Throws for what a later try would not mend.
  mutating func send(_ batch: borrowing FrameBatch, _ frames: Range<Int>) throws(SystemCallError)
    -> SendOutcome
  func waitForRoom(milliseconds: Int)
  /// Waits until what was accepted has been sent; false if there is nothing to wait for.
  mutating func drain() throws(SystemCallError) -> Bool
  /// Frames in a row that are taken or refused together: those of a super-frame.
  var unit: Int { get }
}

extension FrameSink where Self: ~Copyable {
  package var unit: Int { 1 }
}

/// What is accepted is the kernel's business.
extension FrameSink where Self: ~Copyable {
  package func drain() -> Bool { false }
}

/// Where frames come from: one per receiving thread.
package protocol FrameSource: ~Copyable, Sendable {
  /// What is expected: whole frames, unless it says otherwise.
  associatedtype Template: Traffic.Template = FrameTemplate
  /// Name of the hop that ``takeDrops()`` counts.
  static var hop: String { get }
  /// Opens the ears, or shuts them, so that a parked source costs nothing.
  func setListening(_ on: Bool) throws(SystemCallError)
  /// Gives `body` the frames that are there; waits first if there is none, 0 not at all.
  mutating func receive(waiting milliseconds: Int, _ body: (RawSpan, MonotonicTime) -> Void)
    throws(SystemCallError) -> Int
  /// Frames lost since the last call because we were too slow.
  mutating func takeDrops() throws(SystemCallError) -> UInt64
  /// What is sent back goes to whoever sent frame `number` of the last call.
  func answer(to number: Int)
}

/// A frame says itself where it comes from.
extension FrameSource where Self: ~Copyable {
  package func answer(to number: Int) {}
}

extension PacketSocket: FrameSink {}
extension PacketTransmitRing: FrameSink {}
extension TapQueue: FrameSink {}
extension VhostSender: FrameSink {}
extension XdpSender: FrameSink {}
extension DatagramSink: FrameSink { package typealias Template = DatagramTemplate }

extension PacketRing: FrameSource {
  package static var hop: String { "receive-ring" }
}

extension PacketInbox: FrameSource {
  package static var hop: String { "receive-buffer" }

  package mutating func receive(
    waiting milliseconds: Int, _ body: (RawSpan, MonotonicTime) -> Void
  ) throws(SystemCallError) -> Int {
    try receive(limit: 64, waiting: milliseconds, body)
  }
}

extension DatagramInbox: FrameSource {
  package typealias Template = DatagramTemplate
  package static var hop: String { "receive-buffer" }
}

/// The device counts what its ring drops, and always listens.
extension TapQueue: FrameSource {
  package static var hop: String { "tap-queue" }
  package func setListening(_ on: Bool) {}
  package func takeDrops() -> UInt64 { 0 }

  package mutating func receive(
    waiting milliseconds: Int, _ body: (RawSpan, MonotonicTime) -> Void
  ) throws(SystemCallError) -> Int {
    try receive(limit: 64, waiting: milliseconds, body)
  }
}

/// A worker takes no more frames than we have room for; what then finds no room behind it, a TAP
/// counts itself.
extension VhostReceiver: FrameSource {
  package static var hop: String { "vhost-socket" }
}

extension XdpReceiver: FrameSource {
  package static var hop: String { "xdp-ring" }
}
