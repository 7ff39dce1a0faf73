@testable import Netlink

/// Captured bytes as text, white space apart.
struct Hex {
  let bytes: [UInt8]

  init(_ text: String) {
    let digits = text.filter { !$0.isWhitespace }.utf8.map { $0 }
    bytes = stride(from: 0, to: digits.count, by: 2).map {
      UInt8(String(decoding: digits[$0..<($0 + 2)], as: UTF8.self), radix: 16) ?? 0
    }
  }

  /// Every beginning of the bytes, and copies with a few random bytes: what a decoder must survive.
  func damaged(copies: Int = 400) -> [[UInt8]] {
    var random = SplitMix(state: 20_261_121)
    let cut = bytes.indices.map { Array(bytes[..<$0]) }
    let changed = (0..<copies).map { _ in
      var copy = bytes
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        copy[Int.random(in: bytes.indices, using: &random)] = UInt8.random(
          in: 0...255, using: &random)
      }
      return copy
    }
    return cut + changed
  }
}
