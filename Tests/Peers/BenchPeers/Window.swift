import Foundation
import Kernel
import TestSupport

/// Equal windows of ours and of programs that run for seconds, in turns; a device counts both.
struct Window {
  let seconds: Double

  /// A tool that is to be installed.
  static func find(_ tool: String) throws -> Program {
    guard let program = Program.tool(tool) else { throw BenchError("\(tool) is not installed") }
    return program
  }

  /// A window within a longer run of ours.
  func beside(
    _ run: @escaping (UInt64) throws -> Void, _ count: @escaping () throws -> UInt64
  ) throws -> Double {
    let lead = 0.1
    let length = UInt64((seconds + 2 * lead) * 1e9)
    let work = Handover(run: run)
    let thread = Thread {
      work.failure = Result { try work.run(length) }
      work.ended.signal()
    }
    thread.start()
    let rate = Result { try Ground.sampled(count, after: lead, for: seconds) }
    work.ended.wait()
    try work.failure?.get()
    return try rate.get()
  }

  /// A window within the run of a program, which is ended then.
  ///
  /// - Parameter lead: seconds that the program takes to begin.
  func running(
    _ program: Program, _ words: [String], lead: Double, in namespace: NetworkNamespace,
    _ count: () throws -> UInt64
  ) throws -> Double {
    let whole = String(format: "%.1f", lead + seconds + 5)
    // A group of its own, so that what it forked ends with it.
    let timeout = Program(
      "/usr/bin/timeout", prefix: ["-s", "INT", "-k", "1", whole, program.path])
    let run = try timeout.inNamespace(namespace.name ?? "").start(words)
    let rate = Result { try Ground.sampled(count, after: lead, for: seconds) }
    let isRunning = run.process.isRunning
    run.process.terminate()
    let ended = try run.wait()
    guard isRunning else {
      let reason =
        (ended.complaint.last ?? ended.output.split(separator: "\n").last.map(String.init))
      throw BenchError("it ended with status \(ended.status): \(reason ?? "")")
    }
    guard try rate.get() > 0 else {
      throw BenchError("it sent nothing: \(ended.complaint.last ?? "no reason given")")
    }
    return try rate.get()
  }
}

/// What a thread is to do, and how it ended.
///
/// Safe: the two threads take turns, by the semaphore.
private final class Handover: @unchecked Sendable {
  let run: (UInt64) throws -> Void
  var failure: Result<Void, any Error>?
  let ended = DispatchSemaphore(value: 0)
  init(run: @escaping (UInt64) throws -> Void) { self.run = run }
}
