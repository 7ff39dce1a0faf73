import Kernel

/// What one direction of one run sends again and again, stamp by stamp, and by which its receiver
/// knows it.
package protocol Template: Sendable {
  associatedtype Imprint: StampImprint
  /// All of it, but for the stamp; of several sizes the largest.
  var bytes: [UInt8] { get }
  /// Copies all of it; its stamp comes by ``imprint(_:bytes:)``.
  func fill(_ frame: inout MutableRawSpan)
  /// What is different from one to the next, and the checksum that goes with it.
  ///
  /// - Parameter bytes: of the frame, or of what it describes.
  func imprint(_ stamp: FrameStamp, bytes: Int) -> Imprint
  /// Turns one of the other direction into one of this.
  func writeAddresses(into frame: inout MutableRawSpan)
  /// Tells what was received; every byte of it is looked at.
  func classify(_ frame: RawSpan) -> FrameVerdict
  /// Bytes of what it says of one frame after the other, again and again.
  var sizes: [Int] { get }
  /// The bytes that a stamp or a size may change: in all others frames are alike, as far as they
  /// reach.
  var changing: Range<Int> { get }
  /// Bytes of a frame that are in front of what it describes.
  static var headerBytes: Int { get }
}

/// A stamp as it stands in a frame: ready to be written, which takes no more than a few stores.
package protocol StampImprint: BitwiseCopyable, Sendable {
  func write(into frame: inout MutableRawSpan)
}

extension Template {
  /// Copies all of it; its stamp comes by ``write(_:into:)``.
  package func fill(_ frame: inout MutableRawSpan) { frame.copy(from: bytes) }
  /// Writes what is different from one to the next, and the checksum that goes with it.
  package func write(_ stamp: FrameStamp, into frame: inout MutableRawSpan) {
    imprint(stamp, bytes: frame.byteCount).write(into: &frame)
  }
  package var sizes: [Int] { [bytes.count] }
  package static var headerBytes: Int { 0 }
}
