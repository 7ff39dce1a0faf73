/// What the receiver made of the sequence numbers of one flow in one window of measurement.
///
/// A bitmap of the last ``window`` numbers tells a frame that overtook another from one that came
/// twice. Memory is bounded whatever the numbers are; that a number was sent at all is for the
/// caller to check.
package struct FlowTracker: Sendable {
  package enum Arrival: Sendable, Hashable {
    case inOrder
    /// After a later number (RFC 4737, type-P-reordered).
    case reordered
    case duplicate
    /// From before this window of measurement, or too far behind to tell.
    case late
  }

  /// Numbers that are remembered, a power of two.
  package static let window: UInt64 = 1 << 16

  private var seen = [UInt64](repeating: 0, count: Int(window / 64))
  private var first: UInt64 = 0
  /// Above every number of this window.
  package private(set) var next: UInt64 = 0

  package init() {}

  /// Begins a window of measurement whose lowest number is `sequence`.
  package mutating func begin(at sequence: UInt64) {
    first = sequence
    next = sequence
  }

  /// Takes note of a number below `UInt64.max`.
  package mutating func note(_ sequence: UInt64) -> Arrival {
    if sequence >= next {
      forget(next..<sequence)
      remember(sequence)
      next = sequence + 1
      return .inOrder
    }
    if sequence < first || next - sequence > Self.window { return .late }
    if seen[word(sequence)] & bit(sequence) != 0 { return .duplicate }
    remember(sequence)
    return .reordered
  }

  private mutating func remember(_ sequence: UInt64) { seen[word(sequence)] |= bit(sequence) }

  private mutating func forget(_ numbers: Range<UInt64>) {
    if numbers.upperBound - numbers.lowerBound >= Self.window {
      for index in seen.indices { seen[index] = 0 }
      return
    }
    // Word by word: a path that lost thousands is no reason to be slow as well.
    var sequence = numbers.lowerBound
    while sequence < numbers.upperBound {
      let count = min(64 - sequence % 64, numbers.upperBound - sequence)
      let mask: UInt64 = count == 64 ? .max : (1 << count - 1) << (sequence % 64)
      seen[word(sequence)] &= ~mask
      sequence += count
    }
  }

  private func word(_ sequence: UInt64) -> Int { Int(sequence % Self.window / 64) }
  private func bit(_ sequence: UInt64) -> UInt64 { 1 << (sequence % 64) }
}
