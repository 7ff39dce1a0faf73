import Foundation
import Kernel
import Lab
import Synchronization
import TestSupport
import Traffic

/// `make bench-peers`: ours against other programs and plain C loops, interleaved on one machine.
///
/// `BenchPeers [FILE [WORD]]` writes the table to a file, of the contests whose names have the
/// word. `BENCH_PEERS_PAIRS` is how many pairs each contest has, 20 without.
@main struct BenchPeers {
  /// Prints every slice of the receivers: `BENCH_PEERS_VERBOSE=1`.
  static let isVerbose = ProcessInfo.processInfo.environment["BENCH_PEERS_VERBOSE"] != nil

  /// The signal that asked for the end, or 0.
  private static let request = Atomic<CInt>(0)

  /// Throws once somebody has asked for the end: then all labs are removed on the way out.
  static func checkRequests() throws {
    let number = request.load(ordering: .relaxed)
    if number != 0 { throw BenchError("\(Signal(number: number)) asked for the end") }
  }

  static func main() {
    do {
      try listen()
      _ = Lab.removeLeftovers()
      try measure()
    } catch {
      FileHandle.standardError.write(Data("bench-peers: \(error)\n".utf8))
      exit(1)
    }
  }

  /// From now on a request to end only sets a flag.
  private static func listen() throws {
    try checkRequests()
    for ending in Signal.endings {
      // Not blocked: the programs that are started would inherit that.
      signal(ending.number) { BenchPeers.request.store($0, ordering: .relaxed) }
    }
  }

  private static func measure() throws {
    let arguments = CommandLine.arguments.dropFirst()
    let word = arguments.dropFirst().first
    let pairs = ProcessInfo.processInfo.environment["BENCH_PEERS_PAIRS"].flatMap { Int($0) } ?? 20
    let folder = try TemporaryFolder()
    let veth = try Ground(.veth, queues: 2)
    defer { veth.remove() }
    let tap = try Ground(.bridgeTap, queues: 1, isTapAlone: true)
    defer { tap.remove() }
    let bridged = try Ground(.bridgeTap, queues: 1)
    defer { bridged.remove() }
    let twins = try (0..<2).map { _ in try Ground(.veth, queues: 2) }
    defer { for twin in twins { twin.remove() } }
    let window = Window(seconds: pairs < 15 ? 0.5 : 1)
    let contests =
      PacketContests(ground: veth, milliseconds: 50).all
      + TapContests(ground: tap, milliseconds: 50).all
      + XdpContests(ours: twins[0], theirs: twins[1], milliseconds: 50).all
      + ToolContests(ground: veth, tap: tap, window: window, folder: folder).all
      + StreamContests(ground: veth, bridged: bridged, window: window).all
    var rows: [Row] = []
    for contest in contests {
      if let word, !word.isEmpty, !"\(contest.name) / \(contest.peer)".contains(word) { continue }
      let row = Row(contest, pairs: pairs)
      try checkRequests()
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
