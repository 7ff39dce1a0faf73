import CLinux
import Glibc

/// A program of this machine, run to its end with its output kept.
package struct ProgramRun: Sendable, Hashable, Codable {
  /// The exit code; 128 and the signal's number if a signal ended it, as a shell has it.
  package let status: Int32
  package let output: String
  package let errors: String
  /// It did not end in time and was killed.
  package let wasLate: Bool

  package var succeeded: Bool { status == 0 && !wasLate }

  /// Bytes of each stream that are kept.
  package static let limit = 4 << 20

  /// Where programs are looked for, besides names with a slash.
  package static let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

  /// The file of a program, nil if it is not installed.
  package static func find(_ name: String) -> String? {
    if name.contains("/") { return unsafe access(name, X_OK) == 0 ? name : nil }
    return path.split(separator: ":").map { "\($0)/\(name)" }.first {
      unsafe access($0, X_OK) == 0
    }
  }

  /// Runs a program in the namespaces of the calling thread, without input.
  ///
  /// - Parameters:
  ///   - environment: besides `PATH`, and `LC_ALL=C`.
  ///   - seconds: it is killed when they are over.
  /// - Throws: `SystemCallError` if there is no such program.
  package init(
    _ program: String, _ arguments: [String], input: CInt? = nil,
    environment: [String: String] = [:], within seconds: Double = 60
  ) throws(SystemCallError) {
    let output = try MemoryFile("output")
    (status, errors, wasLate) = try Self.run(
      program, arguments, input: input, output: output.descriptor.rawValue,
      environment: environment, within: seconds)
    self.output = String(decoding: try output.read(limit: Self.limit), as: UTF8.self)
  }

  /// As the initialiser does, with the output going to a descriptor.
  package static func run(
    _ program: String, _ arguments: [String], input: CInt? = nil, output: CInt,
    environment: [String: String] = [:], within seconds: Double
  ) throws(SystemCallError) -> (status: Int32, errors: String, wasLate: Bool) {
    guard let file = find(program) else {
      throw SystemCallError("run", .noSuchFileOrDirectory, on: program)
    }
    let nothing = try OwnedDescriptor(opening: "/dev/null", O_RDONLY)
    let errors = try MemoryFile("errors")
    let child = try ChildProcess(
      running: file, named: program, arguments,
      environment: ["PATH": path, "LC_ALL": "C"].merging(environment) { $1 },
      streams: ChildProcess.Streams(
        input: input ?? nothing.rawValue, output: output, errors: errors.descriptor.rawValue))
    let (ending, wasLate) = try child.wait(within: seconds)
    let text = String(decoding: try errors.read(limit: limit), as: UTF8.self)
    switch ending {
    case .exited(let code): return (code, text, wasLate)
    case .killed(let signal): return (128 + signal.number, text, wasLate)
    }
  }
}

extension ChildProcess {
  /// Waits for the end, and kills what has not ended by then.
  package func wait(within seconds: Double) throws(SystemCallError) -> (Ending, wasLate: Bool) {
    let limit = MonotonicTime.now() + UInt64(max(0, seconds) * 1e9)
    var pause: UInt64 = 200_000
    while true {
      if let ending = try poll() { return (ending, false) }
      let now = MonotonicTime.now()
      if now >= limit { break }
      (now + min(pause, limit - now)).sleepUntil()
      pause = min(pause * 2, 5_000_000)
    }
    send(.kill)
    while true {
      if let ending = try poll() { return (ending, true) }
      (MonotonicTime.now() + 1_000_000).sleepUntil()
    }
  }
}
