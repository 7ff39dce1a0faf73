import Kernel

/// What one direction of one run sends again and again, stamp by stamp, and by which its receiver
/// knows it.
package protocol Template: Sendable {
  /// All of it, but for the stamp; of several sizes the largest.
  var bytes: [UInt8] { get }
  /// Copies all of it; its stamp comes by ``write(_:into:)``.
  func fill(_ frame: inout MutableRawSpan)
  /// Writes what is different from one to the next, and the checksum that goes with it.
  func write(_ stamp: FrameStamp, into frame: inout MutableRawSpan)
  /// Turns one of the other direction into one of this.
  func writeAddresses(into frame: inout MutableRawSpan)
  /// Tells what was received; every byte of it is looked at.
  func classify(_ frame: RawSpan) -> FrameVerdict
  /// Bytes of what it says of one frame after the other, again and again.
  var sizes: [Int] { get }
  /// Bytes at the beginning that a stamp or a size may change: behind them all frames are alike, as
  /// far as they reach.
  var changing: Int { get }
  /// Bytes of a frame that are in front of what it describes.
  static var headerBytes: Int { get }
}

extension Template {
  /// Copies all of it; its stamp comes by ``write(_:into:)``.
  package func fill(_ frame: inout MutableRawSpan) { frame.copy(from: bytes) }
  package var sizes: [Int] { [bytes.count] }
  package static var headerBytes: Int { 0 }
}
