import Foundation
import Kernel
import Lab
import TestSupport
import Traffic

/// `make bench-peers`: ours against other programs and plain C loops, interleaved on one machine.
///
/// `BenchPeers [FILE [WORD]]` writes the table to a file, of the contests whose names have the
/// word. `BENCH_PEERS_PAIRS` is how many pairs each contest has, 20 without.
@main struct BenchPeers {
  /// Prints every slice of the receivers: `BENCH_PEERS_VERBOSE=1`.
  static let isVerbose = ProcessInfo.processInfo.environment["BENCH_PEERS_VERBOSE"] != nil

  static func main() throws {
    let arguments = CommandLine.arguments.dropFirst()
    let word = arguments.dropFirst().first
    let pairs = ProcessInfo.processInfo.environment["BENCH_PEERS_PAIRS"].flatMap { Int($0) } ?? 20
    let folder = try TemporaryFolder()
    let veth = try Ground(.veth, queues: 2)
    defer { veth.remove() }
    let tap = try Ground(.bridgeTap, queues: 1)
    defer { tap.remove() }
    let twins = try (0..<2).map { _ in try Ground(.veth, queues: 2) }
    defer { for twin in twins { twin.remove() } }
    let contests =
      PacketContests(ground: veth, milliseconds: 50).all
      + TapContests(ground: tap, milliseconds: 50).all
      + XdpContests(ours: twins[0], theirs: twins[1], milliseconds: 50).all
      + ToolContests(ground: veth, tap: tap, seconds: pairs < 15 ? 0.5 : 1, folder: folder).all
    var rows: [Row] = []
    for contest in contests {
      if let word, !word.isEmpty, !"\(contest.name) / \(contest.peer)".contains(word) { continue }
      let row = Row(contest, pairs: pairs)
      rows.append(row)
      print(row.cells.joined(separator: " | "))
      fflush(nil)
    }
    let table = Row.table(rows)
    print("\n" + table)
    if let file = arguments.first {
      try Data((table + "\n").utf8).write(to: URL(filePath: file))
    }
  }
}
