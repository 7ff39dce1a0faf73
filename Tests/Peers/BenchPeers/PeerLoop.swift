import Foundation
import Kernel

/// One of the C loops beside this folder, running as a process of its own.
final class PeerLoop {
  /// The program that `make bench-peers` compiles.
  static var program: String {
    ProcessInfo.processInfo.environment["BENCH_PEERS_LOOPS"] ?? ".build/bench-peers/loops"
  }

  private let process: ChildProcess
  private let commands = Pipe()
  private let answers = Pipe()
  private var unread = Data()

  /// Starts a loop and waits until it is ready.
  ///
  /// - Parameters:
  ///   - name: `send`, `rx-ring`, … as loop.c lists them.
  ///   - cpus: of its threads; none for one thread on whichever CPU the kernel chooses.
  ///   - descriptor: an open queue of a TAP that it shares with us.
  ///   - guest: the same of a second TAP.
  init(
    _ name: String, on device: NetworkDevice, frame: [UInt8], cpus: [Int], bypass: Bool = false,
    descriptor: CInt? = nil, guest: CInt? = nil
  ) throws {
    var words = [name]
    if let namespace = device.namespace.name {
      words.append("namespace=\(NetworkNamespace.folder)/\(namespace)")
    }
    words.append("device=\(device.name)")
    if !cpus.isEmpty { words.append("cpus=" + cpus.map { "\($0)" }.joined(separator: ",")) }
    words.append("frame=" + frame.map { String(format: "%02x", $0) }.joined())
    words.append("bypass=\(bypass ? 1 : 0)")
    if let descriptor { words.append("descriptor=\(descriptor)") }
    if let guest { words.append("guest=\(guest)") }
    process = try ChildProcess(
      running: Self.program, named: "loops", words, environment: [:],
      streams: ChildProcess.Streams(
        input: commands.fileHandleForReading.fileDescriptor,
        output: answers.fileHandleForWriting.fileDescriptor),
      inheriting: [descriptor, guest].compactMap { $0 })
    try? commands.fileHandleForReading.close()
    try? answers.fileHandleForWriting.close()
    guard try line() == "ready" else { throw BenchError("the C loop \(name) did not start") }
  }

  deinit {
    process.send(.kill)
    _ = try? process.wait(within: 5)
  }

  /// Tells it to run a slice. Returns at once.
  func start(milliseconds: Int) throws {
    try commands.fileHandleForWriting.write(contentsOf: Data("go \(milliseconds)\n".utf8))
  }

  /// Waits for the end of a slice.
  func finish() throws -> Slice {
    let numbers = try line().split(separator: " ").compactMap { UInt64($0) }
    guard numbers.count == 3 else { throw BenchError("a C loop ended too early") }
    return Slice(
      frames: numbers[0], nanoseconds: numbers[1], last: MonotonicTime(nanoseconds: numbers[2]))
  }

  private func line() throws -> String {
    while true {
      if let end = unread.firstIndex(of: 10) {
        let line = String(decoding: unread[..<end], as: UTF8.self)
        unread = Data(unread[(end + 1)...])
        return line
      }
      let more = answers.fileHandleForReading.availableData
      guard !more.isEmpty else { throw BenchError("a C loop ended: see what it says above") }
      unread += more
    }
  }
}

/// What came of one slice.
struct Slice {
  var frames: UInt64
  var nanoseconds: UInt64
  var last: MonotonicTime

  /// A second.
  var rate: Double { Double(frames) * 1e9 / Double(max(nanoseconds, 1)) }
}

/// Why something cannot be measured: one line for the table.
struct BenchError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
