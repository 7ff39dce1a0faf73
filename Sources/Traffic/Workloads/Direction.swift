/// Which way frames go, seen from what is tuned: a NIC or lab sends them out or takes them in; a
/// TAP hands them to its guest or takes them from it.
package enum Direction: String, Sendable, Codable, CaseIterable {
  /// From the route's sender to its receiver.
  case toReceiver = "out"
  /// From the route's receiver to its sender.
  case toSender = "in"
  case both

  /// How many ways frames go at once. A workload's rate is that of each, its counts are the sums.
  package var ways: Int { self == .both ? 2 : 1 }

  /// The words that profiles and the command line know, those for a TAP among them.
  package static let words: [(word: String, direction: Direction)] = [
    ("out", .toReceiver), ("in", .toSender), ("both", .both), ("to-guest", .toReceiver),
    ("from-guest", .toSender),
  ]

  package init?(word: String) {
    guard let known = Self.words.first(where: { $0.word == word }) else { return nil }
    self = known.direction
  }
}
