package import Foundation

/// What a program printed, and how it ended.
package struct Ended: Sendable {
  /// The exit code; 128 + the signal's number if a signal ended it.
  package let status: Int32
  package let output: String
  package let errors: String

  /// The lines of standard error that say something.
  package var complaint: [String] {
    errors.split(separator: "\n").map(String.init)
  }
}

/// A program of this machine, run to its end.
package struct Program: Sendable {
  package let path: String
  /// Words in front of every call's arguments: `["netns", "exec", name, "tc"]` for `ip`.
  package let prefix: [String]

  package init(_ path: String, prefix: [String] = []) {
    self.path = path
    self.prefix = prefix
  }

  /// The kvmtune that was built together with these tests.
  package static let kvmtune = Program(
    URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
      .appending(path: "kvmtune").path)

  /// A tool from the places where Debian puts them, nil if it is not installed.
  package static func tool(_ name: String) -> Program? {
    ["/usr/sbin", "/usr/bin", "/sbin", "/bin"].map { "\($0)/\(name)" }
      .first { FileManager.default.isExecutableFile(atPath: $0) }.map { Program($0) }
  }

  /// The same program in a named network namespace.
  package func inNamespace(_ name: String) -> Program {
    Program("/usr/bin/env", prefix: ["ip", "netns", "exec", name, path] + prefix)
  }

  /// Starts it and does not wait.
  package func start(
    _ arguments: [String], environment: [String: String] = [:], in folder: String? = nil
  ) throws -> Running {
    try Running(self, arguments, environment: environment, in: folder)
  }

  /// Runs it to its end.
  @discardableResult
  package func run(
    _ arguments: [String], environment: [String: String] = [:], in folder: String? = nil
  ) throws -> Ended {
    try start(arguments, environment: environment, in: folder).wait()
  }
}

/// A program that was started.
package final class Running {
  package let process = Process()
  private let output: URL
  private let errors: URL

  fileprivate init(
    _ program: Program, _ arguments: [String], environment: [String: String], in folder: String?
  ) throws {
    // Files, not pipes: a program that prints a lot never waits for its reader.
    let base = FileManager.default.temporaryDirectory
    output = base.appending(path: "kvmtune-test-\(UUID().uuidString).out")
    errors = base.appending(path: "kvmtune-test-\(UUID().uuidString).err")
    for file in [output, errors] {
      try Data().write(to: file)
    }
    process.executableURL = URL(filePath: program.path)
    process.arguments = program.prefix + arguments
    let plain = ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "HOME": "/root"]
    process.environment = plain.merging(environment) { $1 }
    if let folder { process.currentDirectoryURL = URL(filePath: folder) }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardError = try FileHandle(forWritingTo: errors)
    try process.run()
  }

  package func wait() throws -> Ended {
    process.waitUntilExit()
    defer {
      for file in [output, errors] { try? FileManager.default.removeItem(at: file) }
    }
    let signal: Int32 = process.terminationReason == .uncaughtSignal ? 128 : 0
    return Ended(
      status: process.terminationStatus + signal,
      output: String(decoding: try Data(contentsOf: output), as: UTF8.self),
      errors: String(decoding: try Data(contentsOf: errors), as: UTF8.self))
  }

  /// What it has printed to standard error so far.
  package var errorsSoFar: String {
    String(decoding: (try? Data(contentsOf: errors)) ?? Data(), as: UTF8.self)
  }
}

/// A folder of a test's own, removed with it.
package final class TemporaryFolder {
  package let path: String

  package init() throws {
    path =
      FileManager.default.temporaryDirectory
      .appending(path: "kvmtune-test-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Writes a file and returns its path.
  package func file(_ name: String, _ text: String) throws -> String {
    let file = path + "/" + name
    try text.write(toFile: file, atomically: true, encoding: .utf8)
    return file
  }
}
