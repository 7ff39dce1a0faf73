import Kernel

/// Frames of several sizes, told apart by their length, that follow each other in a cycle.
package struct MixedTemplate<Single: Template>: Template {
  /// One for each size, the largest last.
  private let singles: [Single]
  private let lengths: [Int]
  package let sizes: [Int]

  /// - Parameters:
  ///   - cycle: bytes of one frame after the other, not empty.
  ///   - single: the template of frames of so many bytes.
  package init(_ cycle: [Int], _ single: (Int) -> Single) {
    precondition(!cycle.isEmpty)
    let bySize = Dictionary(uniqueKeysWithValues: Set(cycle).map { ($0, single($0)) })
    singles = bySize.keys.sorted().compactMap { bySize[$0] }
    lengths = singles.map(\.bytes.count)
    sizes = cycle.compactMap { bySize[$0]?.bytes.count }
  }

  package static var headerBytes: Int { Single.headerBytes }
  /// The headers, too, as they tell the length.
  package var changing: Range<Int> { 0..<(singles.map(\.changing.upperBound).max() ?? 0) }
  package var bytes: [UInt8] { singles[singles.count - 1].bytes }

  package func fill(_ frame: inout MutableRawSpan) {
    singles[number(of: frame.byteCount)].fill(&frame)
  }

  package func imprint(_ stamp: FrameStamp, bytes: Int) -> Single.Imprint {
    singles[number(of: bytes)].imprint(stamp, bytes: bytes)
  }

  package func writeAddresses(into frame: inout MutableRawSpan) {
    singles[number(of: frame.byteCount)].writeAddresses(into: &frame)
  }

  package func classify(_ frame: RawSpan) -> FrameVerdict {
    singles[number(of: frame.byteCount)].classify(frame)
  }

  /// The template of that length; the largest for one that none has.
  private func number(of bytes: Int) -> Int {
    for index in lengths.indices where lengths[index] == bytes { return index }
    return lengths.count - 1
  }
}

/// Sends what a sink for one size sends, in several.
struct MixedSink<Base: FrameSink & ~Copyable>: FrameSink, ~Copyable {
  typealias Template = MixedTemplate<Base.Template>
  private var base: Base

  init(_ base: consuming sending Base) { self.base = base }

  mutating func send(_ batch: borrowing FrameBatch, _ frames: Range<Int>) throws(SystemCallError)
    -> SendOutcome
  {
    try base.send(batch, frames)
  }

  func waitForRoom(milliseconds: Int) { base.waitForRoom(milliseconds: milliseconds) }
  mutating func drain() throws(SystemCallError) -> Bool { try base.drain() }
}

/// Receives what a source for one size receives, in several.
struct MixedSource<Base: FrameSource & ~Copyable>: FrameSource, ~Copyable {
  typealias Template = MixedTemplate<Base.Template>
  static var hop: String { Base.hop }
  private var base: Base

  init(_ base: consuming sending Base) { self.base = base }

  func setListening(_ on: Bool) throws(SystemCallError) { try base.setListening(on) }

  mutating func receive(waiting milliseconds: Int, _ body: (RawSpan, MonotonicTime) -> Void)
    throws(SystemCallError) -> Int
  {
    try base.receive(waiting: milliseconds, body)
  }

  mutating func takeDrops() throws(SystemCallError) -> UInt64 { try base.takeDrops() }
  func answer(to number: Int) { base.answer(to: number) }
}
